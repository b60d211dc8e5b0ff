"""Builds of PyTorch for GPUs."""

from __future__ import annotations

import pytest

from stacks.rules import torch_builds
from stacks.rules.case import Case
from stacks.rules.gpu import identify
from tests.unit.stacks.hosts import CATALOG, host, stack_of


def floor(stack: str, *gpus: str, arch: str = "x86_64") -> str | None:
    asked = stack_of(stack)
    case = Case(asked, host("debian-12", *gpus, arch=arch), CATALOG)
    identify(case)
    return torch_builds.lowest_floor(case, asked.torch)


@pytest.mark.parametrize(
    ("stack", "gpu", "lowest"),
    [
        ("pytorch-2.9", "a100", "525.60.13"),
        ("pytorch-2.7-cu118", "a100", "450.80.02"),
        ("pytorch-current", "a100", "580.65.06"),
        ("pytorch-current", "p100", None),
    ],
)
def test_lowest_driver_is_that_of_the_builds_that_run_on_the_gpus(
    stack: str, gpu: str, lowest: str | None
) -> None:
    assert floor(stack, gpu) == lowest
