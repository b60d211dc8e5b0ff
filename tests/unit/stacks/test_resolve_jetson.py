"""Rules about Jetsons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.load import load_stack
from stacks.model import HostProfile
from tests.unit.stacks.hosts import host, noticed, planned, refused


def jetson(l4t: str, gpu: str = "orin", os: str = "ubuntu-22.04") -> HostProfile:
    return host(os, gpu, arch="aarch64", jetson_l4t=l4t)


@pytest.mark.parametrize("l4t", ["32.7.6", "36.4.7", "38.4.0", "39.2.0"])
def test_jetson_118_is_refused_everywhere_but_on_jetpack_5(l4t: str) -> None:
    conflict = refused("JETSON-118", jetson(l4t))
    assert "JetPack 5" in conflict.why
    assert len(conflict.remedies) == 2


def test_jetson_118_is_possible_on_jetpack_5_but_not_installed_by_us() -> None:

    alone = replace(load_stack("pytorch-2.9"), torch=None)
    conflict = refused("JETSON-CUDA", jetson("35.4.1", "xavier"), alone)
    assert any("cuda-toolkit-11-8" in remedy for remedy in conflict.remedies)


@pytest.mark.parametrize("l4t", ["32.7.6", "35.4.1"])
def test_jetson_torch29_is_refused_before_jetpack_6(l4t: str) -> None:
    conflict = refused("JETSON-TORCH", jetson(l4t, "xavier"), without=["cuda"])
    assert "Python 3.10" in conflict.why


@pytest.mark.parametrize(
    ("l4t", "gpu", "variant"),
    [("36.4.7", "orin", "cu126"), ("38.4.0", "thor", "cu130"), ("39.2.0", "orin", "cu130")],
)
def test_jetson_torch29_is_planned_without_a_driver(l4t: str, gpu: str, variant: str) -> None:
    plan = planned(jetson(l4t, gpu), without=["cuda"])
    assert plan.driver is None
    assert plan.torch is not None
    assert plan.torch.variant == variant
    assert plan.torch.index is not None
    assert plan.support == "plan"
    noticed("PLAN-ONLY", plan)


def test_jetson_driver_cannot_be_chosen() -> None:
    refused("JETSON-DRIVER", jetson("36.4.7"), without=["cuda"], driver_branch="580")


def test_jetson_with_another_chip_is_refused() -> None:
    refused("JETSON-SOC", jetson("36.4.7", "thor"), without=["cuda"])


def test_unknown_jetson_linux_is_refused() -> None:
    refused("JETSON-UNKNOWN", jetson("99.0"))


def test_jetson_on_x86_64_is_refused() -> None:
    refused("ARCH-UNSUPPORTED", host("ubuntu-22.04", "orin", jetson_l4t="36.4.7"))


def test_jetson_gpu_without_jetson_linux_is_refused() -> None:
    refused("GPU-JETSON", host("ubuntu-22.04", "orin", arch="aarch64"))
