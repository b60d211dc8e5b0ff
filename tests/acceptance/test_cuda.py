"""The system toolkit compiles, links and runs CUDA 11.8 programs, and changes nothing else."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tasks.layout import CUDNN, RECORD
from tests.acceptance import build
from tests.acceptance.subject import Subject


@pytest.fixture(scope="session")
def program(host: Subject) -> dict[str, Any]:
    """What the CUDA and cuDNN program answers, built with the environment file loaded."""
    assert host.compiler and host.cudnn
    return build.with_environment_file(host)


def number(version: str, factors: tuple[int, ...]) -> int:
    """A version as NVIDIA's headers encode it: each part times its factor."""
    return sum(int(part) * f for part, f in zip(version.split("."), factors, strict=False))


def test_nvcc_is_of_the_planned_release(host: Subject) -> None:
    told = host.run(f"{host.compiler.nvcc} --version")
    assert f"release {host.compiler.version}, {host.compiler.release}" in told


def test_nvcc_of_the_environment_file_is_the_planned_one(host: Subject) -> None:
    told = host.run(build.bare(f"{build.LOADED}; nvcc --version"))
    assert host.compiler.release in told


def test_program_runs_with_the_planned_cuda(host: Subject, program: dict[str, Any]) -> None:
    planned = number(host.cuda.version, (1000, 10))
    assert program["toolkit"] == planned
    assert program["runtime"] == (planned if host.gpus_answer else 0)
    assert program["cublas"] == int(host.cuda.version.split(".")[0])


def test_program_runs_with_the_planned_cudnn(host: Subject, program: dict[str, Any]) -> None:
    """``cudnnGetVersion`` of cuDNN 8.9.6 is 8906 (cudnn_version.h), and it is built for 11.x."""
    assert program["cudnn"] == number(host.cudnn.version, (1000, 100, 1))
    assert program["cudnn"] == program["cudnn_header"]
    assert program["cudnn_runtime"] // 1000 == int(host.cuda.version.split(".")[0])


def test_driver_library_serves_the_toolkit(host: Subject, program: dict[str, Any]) -> None:
    assert host.driver
    assert program["driver"] >= program["toolkit"]


def test_same_program_without_the_environment_file(host: Subject, program: dict[str, Any]) -> None:
    assert build.without_environment_file(host) == program


def test_program_finds_cudnn_in_its_own_folder(host: Subject, program: dict[str, Any]) -> None:
    assert program
    loaded = host.lines(build.bare(f"{build.LOADED}; ldd {host.folder}/with"))
    paths = [line.split()[2] for line in loaded if line.startswith("libcudnn.so")]
    assert paths and paths[0].startswith(f"{CUDNN}/lib/")
    assert not [line for line in loaded if "not found" in line]


def test_pkg_config_leads_to_cudnn(host: Subject) -> None:
    assert host.compiler and host.cudnn
    if not host.has("pkg-config"):
        pytest.skip(f"{host.name} has no pkg-config")
    answer = build.through_pkg_config(host)
    assert answer["cudnn"] == number(host.cudnn.version, (1000, 100, 1))


def test_cmake_finds_cuda_and_cudnn(host: Subject, program: dict[str, Any]) -> None:
    if not host.has("cmake"):
        pytest.skip(f"{host.name} has no cmake")
    assert build.through_cmake(host) == program


def test_host_compiler_is_the_planned_one(host: Subject, program: dict[str, Any]) -> None:
    if not host.compiler.host_compiler:
        pytest.skip("the plan leaves the host compiler as it is")
    major = host.run(f"{host.compiler.host_compiler} -dumpversion").split(".")[0]
    assert program["compiler"] == int(major)


def test_gcc_of_everybody_else_is_untouched(host: Subject) -> None:
    """``/usr/bin/gcc`` is the distribution's link to the distribution's default compiler."""
    assert host.cuda
    if not host.shell.file("/usr/bin/gcc").exists:
        pytest.skip(f"{host.name} has no gcc")
    for name in ("gcc", "g++"):
        path = f"/usr/bin/{name}"
        if host.shell.file(path).exists and host.has("dpkg-query"):
            default = host.run(f"dpkg-query -W -f '${{Depends}}' {name}")
            target = host.run(f"readlink {path}").strip()
            assert f"{target} (" in default, f"{path} leads to {target}; {name} needs {default}"
            assert not host.lines(f"dpkg-divert --list {path}")


def test_cuda_call_answers_as_the_record_says(host: Subject, program: dict[str, Any]) -> None:
    """With a GPU it computes. Without one the answer is «no device», and nobody calls it proof."""
    proof = json.loads(host.run(f"cat {shlex.quote(RECORD)}"))["proof"]
    if host.gpus_answer:
        assert program["code"] == 0, program["answer"]
        assert program["devices"] == len(host.state.gpus)
        assert program["computed"] is True
        assert proof.startswith("cuda-call (")
    else:
        assert (program["code"], program["answer"]) == (100, "cudaErrorNoDevice")
        assert program["computed"] is False
        assert proof.startswith("none (")
        assert "CUDA_ERROR_NO_DEVICE" in proof
