"""Host data: read once, checked before anything is decided."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.model import Gpu
from tasks import host_data, plans


def gpus(wish: Any) -> tuple[Gpu, ...]:
    """The GPUs that a wish announces."""
    return host_data.expected_gpus({"expected_gpus": wish}, plans.catalog())


@pytest.mark.parametrize(
    ("wish", "models"),
    [
        (None, []),
        ("", []),
        (2, [None, None]),
        ("2", [None, None]),
        ("h100", ["h100"]),
        ("H100:2", ["h100", "h100"]),
        (["t4", "k80:2"], ["t4", "k80", "k80"]),
    ],
)
def test_expected_gpus_are_a_count_a_model_or_both(wish: Any, models: list[str | None]) -> None:
    assert [gpu.model for gpu in gpus(wish)] == models


@pytest.mark.parametrize("wish", ["h10", "h100:", "h100:x", "-1", {"h100": 8}, [["h100"]], True])
def test_what_is_no_gpu_is_named(wish: Any) -> None:
    with pytest.raises(ValueError, match="«expected_gpus»"):
        gpus(wish)


@pytest.mark.parametrize("wish", ["x", "-1", -1, 1.5, True, [1]])
def test_what_is_no_count_is_named(wish: Any) -> None:
    with pytest.raises(ValueError, match=r"«rollback» is .*, expected a whole number"):
        host_data.rollback({"rollback": wish})


@pytest.mark.parametrize(("wish", "count"), [(None, 0), ("", 0), (0, 0), ("1", 1), (2, 2)])
def test_rollback_is_a_count(wish: Any, count: int) -> None:
    assert host_data.rollback({"rollback": wish}) == count


def test_lock_wait_has_a_default_and_may_be_nothing() -> None:
    assert host_data.lock_wait({}, 600) == 600
    assert host_data.lock_wait({"lock_wait": 0}, 600) == 0


def test_mirrors_are_addresses_by_kind() -> None:
    said = {"pypi": "http://mirror.example.org/simple"}
    assert host_data.mirrors({"mirrors": said}) == said
    assert host_data.mirrors({}) == {}


@pytest.mark.parametrize("wish", ["http://x", ["http://x"], {"pip": "http://x"}, {"pypi": 1}])
def test_what_is_no_mirror_is_named(wish: Any) -> None:
    with pytest.raises(ValueError, match="«mirrors"):
        host_data.mirrors({"mirrors": wish})
