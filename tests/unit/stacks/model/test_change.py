"""A change in the words that a person reads: host data, and options of the command line."""

from __future__ import annotations

import pytest

from stacks.model.change import Change, Value, Way


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            {"driver_origin": "nvidia", "driver_branch": "580"},
            '`driver_origin: nvidia`, `driver_branch: "580"` in the host data '
            "(here `--origin driver=nvidia --driver 580`)",
        ),
        ({"without": ("cuda",)}, "`without: [cuda]` in the host data (here `--without cuda`)"),
        ({"torch_variant": None}, "omit `torch_variant`"),
        ({"gpu_like": "rtx3090"}, "`gpu_like: rtx3090` in the host data"),
    ],
)
def test_host_data_are_said_with_their_options(data: dict[str, Value], said: str) -> None:
    assert Change(data).said == said


def test_another_host_is_said_by_options_alone() -> None:
    assert Change.to(arch="aarch64", jetson_l4t="36.4.7").said == "`--arch aarch64 --jetson 36.4.7`"


def test_another_stack_is_named_with_what_is_no_part_of_it() -> None:
    change = Change({"torch_version": None}, "pytorch-2.9")
    assert change.said == "stack `pytorch-2.9`, without `torch_version`"


def test_a_way_says_its_change_where_its_text_wants_it() -> None:
    way = Way("Take the other: {how}.", Change.of(driver_flavour="open"))
    assert str(way).startswith("Take the other: `driver_flavour: open` in the host data (here")
