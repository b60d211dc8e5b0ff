"""The managed environment's torch is the planned one and loads nobody's libraries but its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.layout import CURRENT, ENVS, env_of
from tests.acceptance import build
from tests.acceptance.subject import Subject

WRITABLE_BY_OTHERS = r"! -type l -perm /022"
UNREADABLE = r"! -type l ! -perm -004"


def answer(host: Subject, before: str = "", beside: str = "") -> dict[str, Any]:
    """What torch says of itself, after ``before`` was typed, with ``beside`` run meanwhile."""
    program = host.send("torch_libraries.py")
    told = host.run(build.bare(f"{before or ':'}; {CURRENT}/bin/python -I {program} {beside}"))
    said: dict[str, Any] = json.loads(told.splitlines()[-1])
    return said


def strangers(said: dict[str, Any]) -> list[str]:
    """CUDA libraries in torch's process that do not come from its environment."""
    return [path for path in said["mapped"] if not path.startswith(said["prefix"] + "/")]


@pytest.fixture(scope="session")
def alone(host: Subject) -> dict[str, Any]:
    """Torch in a clean environment."""
    assert host.torch
    return answer(host)


@pytest.fixture(scope="session")
def beside_cuda(host: Subject) -> dict[str, Any]:
    """Torch with the environment file loaded, while a CUDA 11.8 program runs."""
    assert host.torch and host.compiler and host.cudnn
    build.with_environment_file(host)
    return answer(host, build.LOADED, f"{host.folder}/with")


def test_torch_is_the_planned_one(host: Subject, alone: dict[str, Any]) -> None:
    assert alone["version"] == f"{host.torch.version}+{host.torch.variant}"
    assert alone["cuda"] == host.torch.cuda
    assert alone["computed"] is True


def test_torch_has_its_own_cudnn(host: Subject, alone: dict[str, Any]) -> None:
    """CuDNN 9 counts 10000, 100, 1; cuDNN 8 counts 1000, 100, 1 (cudnn_version.h)."""
    major, minor, patch = (int(part) for part in host.torch.cudnn.split(".")[:3])
    assert alone["cudnn"] == major * (10000 if major >= 9 else 1000) + minor * 100 + patch


def test_torch_loads_only_its_own_libraries(alone: dict[str, Any]) -> None:
    names = " ".join(alone["mapped"])
    assert "libcudnn" in names and "libcudart" in names and "libcublas" in names
    assert strangers(alone) == []


def test_environment_file_does_not_disturb_torch(
    alone: dict[str, Any], beside_cuda: dict[str, Any]
) -> None:
    assert strangers(beside_cuda) == []
    for key in ("version", "cuda", "cudnn", "available", "computed", "mapped"):
        assert beside_cuda[key] == alone[key], key


def test_cuda_program_runs_while_torch_is_loaded(
    host: Subject, beside_cuda: dict[str, Any]
) -> None:
    """Two CUDAs and two cuDNNs at work at the same time."""
    other = beside_cuda["beside"]
    assert other["cudnn"] // 1000 == int(host.cudnn.version.split(".")[0])
    assert beside_cuda["cudnn"] // 10000 == int(host.torch.cudnn.split(".")[0])


def test_torch_uses_the_gpu_where_there_is_one(host: Subject, alone: dict[str, Any]) -> None:
    assert alone["available"] is host.gpus_answer
    if host.gpus_answer:
        assert alone["convolved"] is True


def test_nvml_bindings_are_in_the_environment(alone: dict[str, Any]) -> None:
    assert alone["nvml"].startswith(alone["prefix"] + "/")


def test_stable_link_leads_to_the_planned_environment(host: Subject) -> None:
    assert host.torch
    assert host.run(f"readlink {CURRENT}").strip() == env_of(host.plan)


def test_environment_is_whole(host: Subject) -> None:
    assert host.torch
    assert host.shell.file(f"{env_of(host.plan)}/.gpuwright-complete").exists


def test_packages_are_those_of_the_plan(host: Subject) -> None:
    listed = "[print(d.name, d.version, sep='=') for d in m.distributions()]"
    code = f"import importlib.metadata as m; {listed}"
    words = host.run(f'{CURRENT}/bin/python -I -c "{code}"').split()
    found = {name: version.split("+")[0] for name, version in (w.split("=", 1) for w in words)}
    assert {name: found.get(name) for name in host.torch.packages} == dict(host.torch.packages)


@pytest.mark.parametrize(
    ("what", "which"),
    [
        ("of another owner", "! -user root"),
        ("writable", WRITABLE_BY_OTHERS),
        ("unreadable", UNREADABLE),
    ],
)
def test_environment_belongs_to_root_and_everybody_may_read_it(
    host: Subject, what: str, which: str
) -> None:
    assert host.torch
    wrong = host.lines(f"find {ENVS} \\( {which} \\) -print | head -n 5")
    assert not wrong, f"{what}: {wrong}"


def test_ordinary_user_imports_torch(host: Subject) -> None:
    assert host.torch
    code = "import torch, pynvml; print(torch.__version__)"
    command = f'cd / && {CURRENT}/bin/python -I -c "{code}"'
    told = host.run(f"runuser -u nobody -- {build.bare(command)}")
    assert told.startswith(host.torch.version)
