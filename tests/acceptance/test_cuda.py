"""The system toolkit compiles, links and runs programs of its version, and disturbs nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan
from tasks.layout import CUDNN, RECORD
from tests.acceptance import build
from tests.acceptance.subject import Subject


def number(version: str, *factors: int) -> int:
    """A version as NVIDIA's headers count it: each part times its factor."""
    return sum(int(part) * f for part, f in zip(version.split("."), factors, strict=False))


def test_nvcc_is_of_the_planned_release(host: Subject, cuda: CudaPlan, nvcc: str) -> None:
    assert f"release {cuda.version}, {cuda.release}\n" in host.run(f"{nvcc} --version")


def test_environment_file_leads_to_this_nvcc(host: Subject, cuda: CudaPlan, nvcc: str) -> None:
    told = host.run(build.bare(f"{build.LOADED}; nvcc --version"))
    assert f"release {cuda.version}, {cuda.release}\n" in told


def test_program_has_the_planned_cuda(
    host: Subject, cuda: CudaPlan, program: dict[str, Any]
) -> None:
    """CUDA 11.8 is 11080. Before CUDA 12 the runtime tells its version only where a GPU is."""
    planned = number(cuda.version, 1000, 10)
    assert program["toolkit"] == planned
    assert program["runtime"] == (planned if host.has_working_gpu else 0)
    assert program["cublas"] == int(cuda.version.split(".")[0])


def test_program_has_the_planned_cudnn(
    cuda: CudaPlan, cudnn: CudnnPlan, program: dict[str, Any]
) -> None:
    """CuDNN 8.9.6 is 8906, in its header and in the library that runs (cudnn_version.h)."""
    assert program["cudnn"] == program["cudnn_header"] == number(cudnn.version, 1000, 100, 1)
    assert program["cudnn_runtime"] // 1000 == int(cuda.version.split(".")[0])


def test_program_finds_cudnn_in_its_own_folder(
    host: Subject, cudnn: CudnnPlan, program: dict[str, Any]
) -> None:
    linked = host.lines(build.bare(f"{build.LOADED}; ldd {host.folder}/with"))
    paths = [line.split()[2] for line in linked if line.startswith("libcudnn.so")]
    # Packages lay it where the loader looks anyway.
    folder = "/usr/lib/" if cudnn.packages else f"{CUDNN}/lib/"
    assert len(paths) == 1 and paths[0].startswith(folder), linked
    assert not [line for line in linked if "not found" in line]


def test_driver_library_serves_the_toolkit(driver: DriverPlan, program: dict[str, Any]) -> None:
    assert program["driver"] >= program["toolkit"]


def test_same_program_without_the_environment_file(
    host: Subject, cuda: CudaPlan, program: dict[str, Any]
) -> None:
    assert build.without_environment_file(host, cuda) == program


def test_same_program_through_cmake(host: Subject, program: dict[str, Any]) -> None:
    if not host.has("cmake"):
        pytest.skip(f"{host.name}: no cmake")
    assert build.through_cmake(host) == program


def test_pkg_config_leads_to_cudnn(
    host: Subject, cuda: CudaPlan, nvcc: str, cudnn: CudnnPlan
) -> None:
    if not host.has("pkg-config"):
        pytest.skip(f"{host.name}: no pkg-config")
    if cudnn.packages:
        pytest.skip(f"{host.name}: NVIDIA's packages have no file for pkg-config")
    assert build.through_pkg_config(host, cuda)["cudnn"] == number(cudnn.version, 1000, 100, 1)


def test_nvcc_takes_the_planned_host_compiler(
    host: Subject, cuda: CudaPlan, program: dict[str, Any]
) -> None:
    if not cuda.host_compiler:
        pytest.skip(f"{host.name}: its plan leaves the host compiler as it is")
    told = host.run(f"{cuda.host_compiler} -dumpversion")
    assert program["compiler"] == int(told.split(".")[0])


@pytest.mark.parametrize("name", ["gcc", "g++"])
def test_default_compiler_is_that_of_the_distribution(
    host: Subject, cuda: CudaPlan, name: str
) -> None:
    path = f"/usr/bin/{name}"
    apt = host.state.package_manager.kind == "apt"
    if not (apt and host.shell.file(path).exists):
        pytest.skip(f"{host.name}: no {name} of Debian's or Ubuntu's kind")
    target = host.run(f"readlink {path}").strip()
    assert f"{target} (" in host.run(f"dpkg-query -W -f '${{Depends}}' {name}")
    assert host.lines(f"dpkg-divert --list {path}") == []


def test_cuda_call_answers_and_the_record_agrees(host: Subject, program: dict[str, Any]) -> None:
    """With a GPU it computes. Without one it says "no device", and nobody calls that a proof."""
    proof = json.loads(host.run(f"cat {RECORD}"))["proof"]
    if host.has_working_gpu:
        assert (program["code"], program["answer"]) == (0, "cudaSuccess")
        assert program["devices"] == len(host.state.gpus)
        assert program["computed"] is True
        assert proof.startswith("cuda-call (")
    else:
        assert (program["code"], program["answer"]) == (100, "cudaErrorNoDevice")
        assert program["computed"] is False
        assert proof.startswith("none (") and "CUDA_ERROR_NO_DEVICE" in proof
