"""What a stack cannot be installed on yet, and for want of which file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.explain.unlocked import unlocked
from stacks.load import load_stack
from tests.unit.stacks.hosts import CATALOG


def files(stack: str) -> dict[tuple[str, str], str]:
    return {(row.arch, row.python): row.file for row in unlocked(load_stack(stack), CATALOG)}


def test_each_file_that_is_missing_is_named() -> None:
    assert files("pytorch-2.9") == {
        ("aarch64", python): f"torch-2.9.1+cu130-{tag}-{tag}-manylinux_2_28_aarch64.whl"
        for python, tag in (("3.10", "cp310"), ("3.14", "cp314"))
    }
    assert files("pytorch-2.3-cu118-cudnn8")[("x86_64", "3.11")] == (
        "torch-2.3.1+cu118-cp311-cp311-linux_x86_64.whl"
    )


@pytest.mark.parametrize("stack", ["pytorch-current", "jetson-cuda-11.8"])
def test_nothing_is_said_where_all_is_locked_or_nothing_is_asked(stack: str) -> None:
    assert files(stack) == {}


def test_a_lock_that_can_be_made_is_told_from_one_that_cannot() -> None:
    bare = replace(CATALOG, locks={})
    rows = {row.python: row for row in unlocked(load_stack("pytorch-2.7-cu118"), bare)}
    assert rows["3.11"].file == "" and "no lock was made yet" in rows["3.11"].line
    assert rows["3.9"].file.startswith("torch-2.7.1+cu118-cp39")
    assert rows["3.9"].file in rows["3.9"].line
