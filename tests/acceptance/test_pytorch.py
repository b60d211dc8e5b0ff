"""The managed environment's torch is the planned one and loads nobody's libraries but its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.model.plan import CudnnPlan, TorchPlan
from tasks.layout import CURRENT, ROOT
from tasks.python.state import env_of
from tests.acceptance import build
from tests.acceptance.subject import Subject


def answer(host: Subject, before: str, beside: str = "") -> dict[str, Any]:
    """What torch says of itself after ``before`` was typed, with a program run meanwhile."""
    program = host.send("torch_libraries.py")
    told = host.run(build.bare(f"{before}; {CURRENT}/bin/python -I {program} {beside}"))
    said: dict[str, Any] = json.loads(told.splitlines()[-1])
    return said


def strangers(said: dict[str, Any]) -> list[str]:
    """CUDA libraries in torch's process that do not come from its environment."""
    return [path for path in said["mapped"] if not path.startswith(said["prefix"] + "/")]


@pytest.fixture(scope="session")
def alone(host: Subject, torch: TorchPlan) -> dict[str, Any]:
    """Torch in a clean environment."""
    return answer(host, ":")


@pytest.fixture(scope="session")
def beside_cuda(host: Subject, torch: TorchPlan, program: dict[str, Any]) -> dict[str, Any]:
    """Torch with the system toolkit's environment file loaded, while a program of it runs."""
    return answer(host, build.LOADED, f"{host.folder}/with")


def test_torch_is_the_planned_one(torch: TorchPlan, alone: dict[str, Any]) -> None:
    assert alone["version"] == f"{torch.version}+{torch.variant}"
    assert alone["cuda"] == torch.cuda
    assert alone["computed"] is True


def test_torch_has_its_own_cudnn(torch: TorchPlan, alone: dict[str, Any]) -> None:
    """CuDNN 9 counts 10000, 100, 1; cuDNN 8 counts 1000, 100, 1 (cudnn_version.h)."""
    major, minor, patch = (int(part) for part in torch.cudnn.split(".")[:3])
    assert alone["cudnn"] == major * (10000 if major >= 9 else 1000) + minor * 100 + patch


def test_torch_loads_only_its_own_libraries(alone: dict[str, Any]) -> None:
    names = " ".join(alone["mapped"])
    assert [n for n in ("libcudart", "libcublas", "libcudnn", "libnccl") if n not in names] == []
    assert strangers(alone) == []


def test_environment_file_does_not_disturb_torch(
    alone: dict[str, Any], beside_cuda: dict[str, Any]
) -> None:
    assert strangers(beside_cuda) == []
    same = set(alone) & set(beside_cuda)
    assert {k: beside_cuda[k] for k in same} == {k: alone[k] for k in same}


def test_two_cudas_work_at_the_same_time(
    cudnn: CudnnPlan, torch: TorchPlan, program: dict[str, Any], beside_cuda: dict[str, Any]
) -> None:
    assert beside_cuda["beside"] == program
    assert str(program["cudnn"]).startswith(cudnn.version.split(".")[0])
    assert str(beside_cuda["cudnn"]).startswith(torch.cudnn.split(".")[0])


def test_torch_uses_the_gpu_where_there_is_one(host: Subject, alone: dict[str, Any]) -> None:
    assert alone["available"] is host.has_working_gpu
    assert alone.get("convolved", False) is host.has_working_gpu


def test_nvml_bindings_are_in_the_environment(alone: dict[str, Any]) -> None:
    assert alone["nvml"].startswith(alone["prefix"] + "/")


def test_packages_are_those_of_the_plan(host: Subject, torch: TorchPlan) -> None:
    listed = "[print(d.name, d.version, sep='=') for d in m.distributions()]"
    code = f"import importlib.metadata as m; {listed}"
    words = host.run(f'{CURRENT}/bin/python -I -c "{code}"').split()
    found = {name: version.split("+")[0] for name, version in (w.split("=", 1) for w in words)}
    assert {name: found.get(name) for name in torch.packages} == dict(torch.packages)


def test_stable_link_leads_to_the_planned_environment(host: Subject, torch: TorchPlan) -> None:
    assert host.run(f"readlink {CURRENT}").strip() == env_of(host.plan)
    assert host.shell.file(f"{env_of(host.plan)}/.gpuwright-complete").exists


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("! -user root", id="of-another-owner"),
        pytest.param("! -type l -perm /022", id="writable-for-others"),
        pytest.param("! -type l ! -perm -004", id="unreadable-for-others"),
    ],
)
def test_no_file_of_ours_is(host: Subject, wrong: str) -> None:
    assert host.lines(f"find {ROOT} \\( {wrong} \\) -print | head -n 5") == []


def test_ordinary_user_imports_torch(host: Subject, torch: TorchPlan) -> None:
    code = "import torch, pynvml; print(torch.__version__)"
    command = build.bare(f'cd /; {CURRENT}/bin/python -I -c "{code}"')
    assert host.run(f"runuser -u nobody -- {command}").startswith(torch.version)
