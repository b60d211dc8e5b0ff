"""Why no build of a PyTorch, or no Python, fits; and the ways out."""

from __future__ import annotations

import pytest

from stacks.rules.torch_refusals import runs_on
from tests.unit.stacks.hosts import host, refused


@pytest.mark.parametrize(
    ("codes", "sm", "runs"),
    [([(8, 0)], (8, 6), True), ([(8, 6)], (8, 0), False), ([(8, 0)], (9, 0), False)],
)
def test_code_runs_on_its_major_and_no_lower_minor(
    codes: list[tuple[int, int]], sm: tuple[int, int], runs: bool
) -> None:
    assert runs_on([*codes], sm) is runs


def test_build_by_name_without_code_for_the_card_is_left_to_the_resolver() -> None:
    conflict = refused("TORCH-NO-SM", host("debian-12", "v100"), torch_variant="cu130")
    assert "omit `torch_variant`" in conflict.remedies[0]


def test_python_by_name_that_is_not_there_is_omitted() -> None:
    conflict = refused("PYTHON-NONE", host("debian-12", "t4"), torch_python="3.13")
    assert "omit `torch_python`" in conflict.remedies[0]


def test_architecture_without_a_build_gets_a_stack_that_has_one() -> None:
    conflict = refused(
        "TORCH-NO-VARIANT",
        host("ubuntu-22.04", "gh200", arch="aarch64"),
        "pytorch-2.7-cu118",
    )
    assert "pytorch-2.9" in " ".join(conflict.remedies)
