"""A container host's verdict: its words, its exit status, its record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.container_proof import ContainerProof
from facts.cuda_call import CudaCall
from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.model import HostState, Unit, Venv
from facts.runtime import CudaAnswer
from stacks.model.plan import Plan
from tasks.containers import engine_verdict
from tasks.hostdata.containers import ContainerWish
from tasks.layout import ENVS, RECORD
from tasks.python.state import env_of
from tasks.verify import report
from tests.unit.tasks import a_container_host, a_host, a_run

OLD = f"{ENVS}/pytorch-2.9-0123456789ab"
RIGHT = '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}'
NO_DEVICE = CudaAnswer(code=100, name="CUDA_ERROR_NO_DEVICE", call="cuInit")
NATIVE: Plan = replace(a_host.plan(), containers=a_container_host.plan().containers)
"""A container host with CUDA and PyTorch of its own."""


def converged() -> HostState:
    """As the plan says: driver, CUDA, cuDNN, torch, Docker and the toolkit."""
    names = [a_host.package(name, "1.20.0-1") for name in a_container_host.TOOLKIT]
    docker = a_host.package("docker.io", "20.10.24+dfsg1-1")
    state = a_host.with_packages(a_host.done(), docker, a_host.package("runc", "1.1.5"), *names)
    held = (*state.package_manager.holds, "docker.io", "runc", *a_container_host.TOOLKIT)
    return replace(
        state,
        package_manager=replace(state.package_manager, holds=held),
        units={**state.units, "docker.service": Unit("docker.service", "active", "enabled")},
    )


def rolled_back() -> HostState:
    """The link leads to the environment before the newest one."""
    state = converged()
    return replace(
        state,
        venvs=(*state.venvs, Venv(OLD, True, "3.11", {"torch": "2.9.0"})),
        current_venv=OLD,
        record={"environments": [OLD, env_of(NATIVE)]},
    )


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> dict[str, report.Line]:
    """The report's lines, of this test only."""
    own = {a_run.NAME: report.Line(a_run.NAME)}
    monkeypatch.setattr(report, "_lines", own)
    return own


def judged(
    state: HostState,
    plan: Plan = NATIVE,
    seen: Engines | None = None,
    rollback: int = 0,
) -> a_run.ARun:
    """The verdict was given."""
    facts: a_run.Facts = {
        ContainerEngines: seen or a_container_host.engines(RIGHT),
        CudaCall: NO_DEVICE,
        ContainerProof: None,
    }
    run = a_run.ARun(state, facts)
    run.prepared(
        lambda: engine_verdict.given(plan, ContainerWish(), rollback=rollback, name="Verdict")
    )
    return run.executed()


def test_host_that_was_sent_back_is_a_warning_and_not_a_fault(
    lines: dict[str, report.Line],
) -> None:
    run = judged(rolled_back(), rollback=1)
    line = lines[a_run.NAME]
    assert (line.verdict, run.exit_status) == ("WARN", 0), line.notes
    assert [note.split()[0] for note in line.notes] == ["ROLLED-BACK"]


def test_link_that_leads_elsewhere_unasked_is_a_fault(lines: dict[str, report.Line]) -> None:
    run = judged(rolled_back())
    assert (lines[a_run.NAME].verdict, run.exit_status) == ("CRITICAL", 1)
    assert "TORCH-LINK" in "".join(lines[a_run.NAME].notes)


def test_environment_is_remembered_for_a_way_back() -> None:
    (venv,) = converged().venvs
    before = replace(converged(), record={"environments": [OLD]})
    record = judged(before).written(RECORD)
    assert record is not None and record["environments"] == [OLD, venv.path]


def test_host_without_torch_remembers_no_environment() -> None:
    record = judged(replace(converged(), record=None), a_container_host.plan()).written(RECORD)
    assert record is not None and "environments" not in record
