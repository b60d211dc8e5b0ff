"""The nearest stack over a grid of hosts that people made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.handmade_model import Handmade
from facts.model.host import HostState
from stacks.model.containers import ContainerRequest
from stacks.model.requests import CudaRequest, CudnnRequest, DriverRequest, TorchRequest
from tasks.adopt.choice import Choice, chosen
from tasks.host import resolution
from tasks.host.components import components
from tests.unit.tasks import a_host
from tests.unit.tasks.adopt.a_handmade_host import (
    handmade,
    profile,
    pytorch,
    with_cuda,
    with_cudnn,
    with_driver,
)

CATALOG = resolution.catalog()
DEBIAN = with_driver("535.309.01", "Debian")


def choice(state: HostState, more: Handmade | None = None) -> Choice:
    """What is chosen for this host."""
    found = chosen(components(state, CATALOG, more), profile(state), CATALOG)
    assert isinstance(found, Choice), [conflict.code for conflict in found]
    return found


def left(found: Choice, word: str) -> str:
    """Why that is left behind."""
    reasons = [one.why for one in found.left if word in one.what]
    assert reasons, [one.text for one in found.left]
    return reasons[0]


@pytest.mark.parametrize(
    ("version", "origin", "flavour", "asked"),
    [
        # An archive has one version of a branch.
        ("535.309.01", "Debian", "proprietary", {"branch": "535", "origin": "debian"}),
        ("535.1.1", "Debian", "proprietary", {"branch": "535", "origin": "debian"}),
        # NVIDIA's repository keeps older ones.
        ("580.159.04", "NVIDIA", "open", {"version": "580.159.04", "origin": "nvidia"}),
        ("580.65.06", "NVIDIA", "open", {"version": "580.65.06", "origin": "nvidia"}),
        # What came from no archive becomes the nearest package.
        ("580.65.06", "runfile", "open", {"version": "580.65.06", "origin": "nvidia"}),
        ("580.65.06", "unknown", "open", {"version": "580.65.06", "origin": "nvidia"}),
        ("575.57.08", "runfile", "open", {"branch": "580"}),
        ("9999.1", "runfile", "open", {"branch": "595"}),
    ],
)
def test_driver_is_asked_for_as_exactly_as_its_origin_allows(
    version: str, origin: str, flavour: str, asked: dict[str, Any]
) -> None:
    driver = choice(with_driver(version, origin, flavour)).stack.driver
    assert driver == DriverRequest(flavour=flavour, **asked)  # type: ignore[arg-type]


def test_host_whose_gpu_no_driver_knows_has_conflicts_and_no_stack() -> None:
    state = replace(DEBIAN, pci=())
    found = chosen(components(state, CATALOG), profile(state), CATALOG)
    assert not isinstance(found, Choice) and [c.code for c in found] == ["NO-GPU"]


def test_toolkit_of_files_is_taken_from_nvidia_s_tarballs() -> None:
    found = choice(with_cuda(DEBIAN, "11.8"))
    assert found.stack.cuda == CudaRequest("11.8", "compile", "redist")
    assert not found.left


def test_toolkit_of_a_runfile_is_taken_from_anywhere() -> None:
    found = choice(with_cuda(DEBIAN, "11.8", runfile=True))
    assert found.stack.cuda == CudaRequest("11.8", "compile")


def test_unknown_toolkit_is_left_with_the_resolver_s_words_and_a_known_one_beside_it_taken() -> (
    None
):
    found = choice(with_cuda(DEBIAN, "12.4", "11.8"))
    assert found.stack.cuda is not None and found.stack.cuda.version == "11.8"
    assert left(found, "CUDA 12.4").startswith("CUDA-VERSION: CUDA 12.4 as a system toolkit")


def test_cudnn_is_taken_in_its_series_where_its_version_is_not_known() -> None:
    assert choice(with_cudnn(DEBIAN, "8.9.1", "/usr/local/cuda-11.8")).stack.cudnn == CudnnRequest(
        "8.9"
    )
    found = choice(with_cudnn(DEBIAN, "9.1.0", "/usr"))
    assert found.stack.cudnn is None and "CUDNN-VERSION" in left(found, "cuDNN 9.1.0")


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (pytorch("2.9.1+cu126"), TorchRequest("2.9.1", "cu126", "3.11")),
        (pytorch("2.9.1"), TorchRequest("2.9.1", "cu128", "3.11")),
        # For this Python there is no lock of that build.
        (pytorch("2.7.1+cu118", python="3.9"), TorchRequest("2.7.1", "cu118")),
        (pytorch("2.9.1", "system", None), TorchRequest("2.9.1", "cu128")),
        (
            pytorch("2.9.1", packages={"nvidia-cuda-runtime": "13.0.48"}),
            TorchRequest("2.9.1", "cu130", "3.11"),
        ),
    ],
)
def test_pytorch_is_asked_for_with_build_and_python(one: Any, asked: TorchRequest) -> None:
    assert choice(DEBIAN if asked.variant != "cu130" else NEWER, handmade(one)).stack.torch == asked


NEWER = with_driver("580.159.04", "NVIDIA", "open")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (pytorch("2.9.0a0+git1234567"), "built from source"),
        (pytorch("2.9.1+cpu"), "a build without CUDA (cpu)"),
        (pytorch("2.9.1+rocm6.4"), "a build without CUDA (rocm6.4)"),
        (pytorch("2.5.1"), "TORCH-VERSION"),
    ],
)
def test_pytorch_that_no_stack_can_have_is_left_and_told_why(one: Any, why: str) -> None:
    found = choice(DEBIAN, handmade(one))
    assert found.stack.torch is None and why in left(found, "PyTorch")


def test_build_that_the_driver_cannot_run_gives_way_to_one_that_it_can() -> None:
    found = choice(DEBIAN, handmade(pytorch("2.9.1+cu130")))
    assert found.stack.torch == TorchRequest("2.9.1", None, "3.11")


def test_of_several_pytorches_the_one_that_serves_most_people_is_taken() -> None:
    found = choice(
        DEBIAN,
        handmade(pytorch("2.7.1", "user"), pytorch("2.9.1", "conda", others=300), pytorch("2.9.0")),
    )
    assert found.stack.torch is not None and found.stack.torch.version == "2.9.0"
    assert "PyTorch 2.9.0 is adopted" in left(found, "conda environment")
    assert "PyTorch 2.9.0 is adopted" in left(found, "one user's own")


def test_conda_environment_itself_is_not_adopted() -> None:
    found = choice(DEBIAN, handmade(pytorch("2.9.1", "conda", others=300)))
    assert found.stack.torch is not None
    assert "(299) none is adopted" in left(found, "the environment /opt/conda itself")


def test_engine_without_the_toolkit_is_no_container_host() -> None:
    state = a_host.with_packages(DEBIAN, a_host.package("docker.io", "20.10.24+dfsg1-1"))
    found = choice(state)
    assert found.stack.containers is None
    assert "Toolkit is not here" in left(found, "docker 20.10.24")
    both = a_host.with_packages(state, a_host.package("nvidia-container-toolkit-base", "1.20.0-1"))
    assert choice(both).stack.containers == ContainerRequest(
        ("docker",), "distribution", None, "1.20.0"
    )


def test_toolkit_without_an_engine_is_told() -> None:
    state = a_host.with_packages(
        DEBIAN, a_host.package("nvidia-container-toolkit-base", "1.20.0-1")
    )
    assert "no container engine" in left(choice(state), "NVIDIA Container Toolkit 1.20.0")
