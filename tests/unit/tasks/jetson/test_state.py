"""Jetsons: whose deploy, what is held, what torch needs, what counts as proof."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.host import HostState
from facts.model.packages import Package
from facts.model.software import CudaToolkit, Cudnn, Setting
from facts.model.system import Jetson
from facts.runtime import CudaAnswer, TorchAnswer
from stacks.model.plan import Plan
from tasks.cuda import environment_file
from tasks.holds import sets
from tasks.host import resolution
from tasks.jetson import state as jetson_state
from tasks.python import locks
from tasks.verify import comparison, proof
from tests.unit.tasks import a_host

NO_DEVICE = CudaAnswer(code=100, name="CUDA_ERROR_NO_DEVICE", text="no device", call="cuInit")


def board(l4t: str = "36.4.7", soc: str = "tegra234", cuda: str = "12.6.11") -> HostState:
    """A flashed board with JetPack's CUDA and cuDNN, before its first run."""
    bare = a_host.with_packages(
        a_host.bare(),
        Package("nvidia-l4t-core", f"{l4t}-20250918", "ii", "NVIDIA"),
        Package("nvidia-jetpack", "6.2.1+b38", "ii", "NVIDIA"),
    )
    return replace(
        bare,
        system=replace(bare.system, os="ubuntu-22.04", arch="aarch64", container=""),
        pci=(),
        jetson=Jetson(l4t, "NVIDIA Jetson AGX Orin Developer Kit", soc),
        cuda=(CudaToolkit("/usr/local/cuda-12.6", cuda, None, None),),
        cudnn=(Cudnn("/usr", "9.3.0", ()),),
    )


def planned(state: HostState, **data: object) -> Plan:
    found = resolution.resolved(state, data)
    assert found.plan is not None, found.conflicts
    return found.plan


def codes(state: HostState, plan: Plan) -> set[str]:
    return {f.code for f in comparison.compare(state, plan)}


def test_each_kind_of_host_is_refused_by_the_deploy_of_the_other() -> None:
    (wrong,) = jetson_state.wrong_deploy(board(), for_jetsons=False)
    assert wrong.code == "JETSON-HOST" and "deploys/jetson_host.py" in wrong.remedies[0]
    (wrong,) = jetson_state.wrong_deploy(a_host.bare(), for_jetsons=True)
    assert wrong.code == "NO-JETSON" and "deploys/gpu_host.py" in wrong.remedies[0]
    assert jetson_state.wrong_deploy(board(), for_jetsons=True) == ()
    assert jetson_state.wrong_deploy(a_host.bare(), for_jetsons=False) == ()


def test_jetson_that_tells_no_release_is_refused_and_not_taken_for_a_server() -> None:
    state = replace(board(), jetson=Jetson(None, None, "tegra234"))
    (conflict,) = resolution.resolved(state, {}).conflicts
    assert conflict.code == "JETSON-UNKNOWN"


def test_jetson_without_a_stack_in_its_data_gets_the_one_for_jetsons() -> None:
    plan = planned(board())
    assert plan.stack == "jetson-torch-2.9"
    assert plan.driver is None and plan.jetson is not None


def test_jetson_linux_is_part_of_the_set_and_of_the_first_step() -> None:
    plan = planned(board())
    assert [p.name for p in jetson_state.boot_chain(board(), plan)] == [
        "nvidia-jetpack",
        "nvidia-l4t-core",
    ]
    assert '"^nvidia-l4t-.*$";' in sets.unattended_text(plan)
    assert "NOT-HELD" in codes(board(), plan)


@pytest.mark.parametrize(
    "change", [{"cuda": ()}, {"cudnn": ()}], ids=["without-cuda", "without-cudnn"]
)
def test_torch_that_loads_jetpacks_libraries_is_refused_without_them(change: object) -> None:
    state = replace(board(), **change)  # type: ignore[arg-type]
    (conflict,) = jetson_state.conflicts(state, planned(state))
    assert conflict.code == "JETPACK-INCOMPLETE"
    assert "nvidia-jetpack" in conflict.remedies[0]


def test_missing_library_of_torch_is_a_finding() -> None:
    plan = planned(board())
    assert "JETPACK-INCOMPLETE" in codes(board(), plan)
    needs = [Package(name, "1", "ii", None) for name in ("libopenblas0", "libcudss0-cuda-12")]
    assert "JETPACK-INCOMPLETE" not in codes(a_host.with_packages(board(), *needs), plan)


def test_jetpacks_own_loader_entries_are_no_stray_settings() -> None:
    own = Setting("/etc/ld.so.conf.d/nvidia-tegra.conf", "/usr/lib/aarch64-linux-gnu/tegra")
    stray = Setting("/etc/environment", "LD_PRELOAD=/x.so")
    plan = planned(board())
    assert "STRAY-SETTING" not in codes(replace(board(), settings=(own,)), plan)
    assert "STRAY-SETTING" in codes(replace(board(), settings=(own, stray)), plan)


def test_silent_gpu_of_a_jetson_is_a_fault_although_no_bus_shows_it() -> None:
    plan = planned(board())
    assert [f.code for f in proof.of_cuda_call(board(), plan, NO_DEVICE).findings] == ["CUDA-FAILS"]
    inside = replace(board(), system=replace(board().system, container="systemd-nspawn"))
    answer = proof.of_cuda_call(inside, plan, NO_DEVICE)
    assert answer.findings == () and answer.text.startswith("none (")


def test_jetpacks_libraries_in_torch_are_no_strangers_and_others_are() -> None:
    plan = planned(board())
    own = "/usr/local/cuda-12.6/lib64/libcudart.so.12"
    for mapped, found in (((own,), []), ((own, "/opt/x/libcudart.so.12"), ["TORCH-SHADOWED"])):
        answer = TorchAnswer(venv="x", version="2.9.1", mapped=mapped)
        assert [f.code for f in proof.of_torch(plan, answer, rolled_back=False)] == found


def test_environment_file_puts_the_newer_driver_library_first() -> None:
    state = replace(board("35.4.1", "tegra194", "11.4.19"))
    text = environment_file.text(planned(state, stack="jetson-cuda-11.8"))
    lines = [line for line in text.splitlines() if "LD_LIBRARY_PATH" in line]
    assert "/usr/local/cuda-11.8/compat" in lines[0]
    assert "/usr/local/cuda-11.8/lib64" in lines[1]


def test_lock_beside_a_stack_of_ones_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    name = "torch-2.9.1-jetson-cu126-cp310-aarch64.txt"
    (tmp_path / "mine.yaml").write_text('summary: mine\ntorch:\n  version: "2.9.1"\n')
    data = {"stack": str(tmp_path / "mine.yaml")}
    ours = planned(board(), **data).torch
    (tmp_path / "locks" / name).write_text(f"torch==2.9.1 --hash=sha256:{'0' * 64}\n")
    mine = planned(board(), **data).torch
    assert ours is not None and mine is not None
    assert ours.lock == mine.lock == name and ours.env_digest != mine.env_digest
    assert locks.text(data, name).startswith("torch==2.9.1 --hash")
    assert "numpy" in locks.text({}, name)
