"""Rules about Jetsons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.load import load_stack
from stacks.model.host import HostProfile
from stacks.resolve import resolve
from tests.unit.stacks.hosts import CATALOG, host, noticed, planned, refused

TORCH, CUDA = "jetson-torch-2.9", "jetson-cuda-11.8"


def jetson(l4t: str, soc: str | None = None, **more: object) -> HostProfile:
    """A Jetson as its own probe sees it: no GPU on the bus, the chip in the device tree."""
    return host("ubuntu-22.04", arch="aarch64", jetson_l4t=l4t, jetson_soc=soc, **more)


@pytest.mark.parametrize("l4t", ["35.4.1", "36.4.7", "38.4.0", "39.2.0"])
def test_cuda_118_together_with_torch_29_names_both_ways_out(l4t: str) -> None:
    ways = " ".join(refused("JETSON-BOTH", jetson(l4t)).remedies)
    assert "explain jetson-torch-2.9 --jetson" in ways
    assert "explain jetson-cuda-11.8 --jetson 35." in ways


@pytest.mark.parametrize("l4t", ["36.4.7", "38.4.0", "39.2.0"])
def test_cuda_118_is_refused_after_jetpack_5(l4t: str) -> None:
    assert "JetPack 5" in refused("JETSON-118", jetson(l4t), CUDA).why


@pytest.mark.parametrize("stack", [TORCH, CUDA, "pytorch-2.9"])
def test_jetpack_4_is_refused_whatever_is_asked(stack: str) -> None:
    assert "Python 3.6" in refused("JETSON-OLD", jetson("32.7.6", "tegra194"), stack).why


def test_jetpack_5_gets_cuda_118_and_its_driver_libraries_from_the_tegra_repository() -> None:
    plan = planned(jetson("35.4.1", "tegra194"), CUDA)
    assert plan.driver is None and plan.torch is None and plan.cudnn is None
    assert plan.cuda is not None
    assert plan.cuda.packages == ("cuda-toolkit-11-8", "cuda-compat-11-8")
    assert plan.cuda.versions["cuda-toolkit-11-8"] == "11.8.0-1"
    assert plan.cuda.compat == "/usr/local/cuda-11.8/compat"
    assert plan.cuda.host_compiler == "/usr/bin/g++-9"
    (repository,) = plan.repositories
    assert repository.address.endswith("/ubuntu2004/arm64/")
    assert repository.fingerprints == ("EB693B3035CD5710E231E123A4B469963BF863CC",)
    assert "cuda-*-11-8" in repository.packages and "nvidia-l4t-*" not in repository.packages


def test_jetpacks_own_parts_stand_in_the_plan() -> None:
    own = planned(jetson("35.4.1", "tegra194"), CUDA).jetson
    assert own is not None
    assert (own.l4t, own.jetpack, own.cuda, own.cudnn) == ("35.4.1", "5.1.2", "11.4", "8.6")
    assert "nvidia-l4t-*" in own.held


def test_jetpack_6_gets_the_jetson_wheel_with_its_lock_and_what_jetpack_lacks() -> None:
    plan = planned(jetson("36.4.7", "tegra234"), TORCH)
    assert plan.torch is not None and plan.jetson is not None
    assert plan.torch.locked and plan.torch.lock == "torch-2.9.1-jetson-cu126-cp310-aarch64.txt"
    assert plan.torch.index == "https://pypi.jetson-ai-lab.io/jp6/cu126"
    assert not plan.torch.bundled and plan.torch.cuda == plan.jetson.cuda == "12.6"
    assert "libcudss0-cuda-12" in plan.torch.needs
    assert [r.packages for r in plan.repositories] == [("libcudss0-cuda-12",)]
    assert "libcudss0-cuda-12" in plan.jetson.held


@pytest.mark.parametrize(("l4t", "soc"), [("38.4.0", "tegra264"), ("39.2.0", "tegra234")])
def test_jetpack_7_gets_the_official_wheel(l4t: str, soc: str) -> None:
    plan = planned(jetson(l4t, soc), TORCH)
    assert plan.torch is not None
    assert plan.torch.bundled and plan.torch.variant == "cu130"
    assert plan.torch.index == "https://download.pytorch.org/whl/cu130"
    assert plan.torch.locked and plan.torch.lock == "torch-2.9.1-cu130-cp312-aarch64.txt"


def test_jetpack_without_a_lock_is_told_how_to_make_it() -> None:
    bare = replace(CATALOG, locks={})
    plan = resolve(load_stack(TORCH), jetson("38.4.0", "tegra264"), bare).plan
    assert plan is not None
    assert "--jetson 38.4.0" in noticed("LOCK-MISSING", plan).remedy


def test_orin_on_jetpack_7_is_told_that_it_runs_machine_code_of_a_lower_minor() -> None:
    plan = planned(jetson("39.2.0", "tegra234"), TORCH)
    assert any("lower minor" in reason.why for reason in plan.reasons)


def test_mirror_for_jetsons_takes_the_index_place() -> None:
    mirrored = replace(jetson("36.4.7"), indexes={"jetson": "https://mirror.example.org/jp6"})
    torch = planned(mirrored, TORCH).torch
    assert torch is not None and torch.index == "https://mirror.example.org/jp6"


@pytest.mark.parametrize("l4t", ["35.4.1", "36.3.0"])
def test_torch_29_is_refused_before_jetpack_6_1(l4t: str) -> None:
    refused("JETSON-TORCH", jetson(l4t), TORCH)


def test_own_gpu_comes_from_the_chip() -> None:
    plan = planned(jetson("35.4.1", "tegra194"), CUDA)
    assert [gpu.model for gpu in plan.gpus] == ["xavier"]


def test_line_with_two_chips_is_planned_for_either_where_none_is_named() -> None:
    assert planned(jetson("39.2.0"), TORCH).gpus == ()


def test_release_that_the_catalogue_lacks_is_taken_for_the_one_before_and_says_so() -> None:
    plan = planned(jetson("36.4.9"), TORCH)
    assert plan.jetson is not None and plan.jetson.jetpack == "6.2.1"
    noticed("JETPACK-ASSUMED", plan)


def test_cudnn_cannot_be_chosen() -> None:
    stack = replace(load_stack("pytorch-2.9"), torch=None)
    refused("JETSON-CUDNN", jetson("35.4.1"), stack)


def test_driver_cannot_be_chosen() -> None:
    refused("JETSON-DRIVER", jetson("36.4.7"), TORCH, driver_branch="580")


def test_another_chip_is_refused() -> None:
    profile = host("ubuntu-22.04", "thor", arch="aarch64", jetson_l4t="36.4.7")
    refused("JETSON-SOC", profile, TORCH)


def test_unknown_jetson_linux_is_refused() -> None:
    refused("JETSON-UNKNOWN", jetson("99.0"))


def test_jetson_on_x86_64_is_refused() -> None:
    refused("ARCH-UNSUPPORTED", host("ubuntu-22.04", "orin", jetson_l4t="36.4.7"))


def test_jetson_gpu_without_jetson_linux_is_refused() -> None:
    refused("GPU-JETSON", host("ubuntu-22.04", "orin", arch="aarch64"))
