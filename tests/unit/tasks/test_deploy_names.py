"""Remedies name the deploy that was run, or that is to be run: one for each kind of host."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.runtime import TorchAnswer
from stacks.model.plan import Plan
from tasks.containers import findings as container_findings
from tasks.containers import proof as container_proof
from tasks.guard import kernel_guard
from tasks.hostdata.containers import ContainerSettings
from tasks.repair.repair_plan import chart
from tasks.verify import comparison, proof
from tests.unit.tasks import a_container_host, a_host, a_patient
from tests.unit.tasks.containers.test_cdi_state import GPUS, NODES, engines_state
from tests.unit.tasks.ill_hosts import ILL
from tests.unit.tasks.jetson.test_state import board, planned

GPU_HOST, CONTAINER_HOST = "deploys/gpu_host.py", "deploys/container_host.py"
JETSON_HOST = "deploys/jetson_host.py"
NATIVE = replace(a_host.plan(), containers=a_container_host.plan().containers)


def deploys(texts: list[str]) -> set[str]:
    """Deploys that are named in these."""
    return {name for text in texts for name in re.findall(r"deploys/\w+\.py", text)}


@pytest.mark.parametrize(
    ("state", "plan", "deploy"),
    [
        (a_host.bare(), a_host.plan(), GPU_HOST),
        (a_host.bare(), NATIVE, CONTAINER_HOST),
        (a_host.bare(), a_container_host.plan(), CONTAINER_HOST),
        (board(), planned(board()), JETSON_HOST),
    ],
    ids=["gpu host", "container host with torch", "container host", "Jetson"],
)
def test_every_remedy_for_a_host_names_its_own_deploy(
    state: HostState, plan: Plan, deploy: str
) -> None:
    found = [*comparison.compare(state, plan), *kernel_guard.findings(state, plan, "hold")]
    found += container_findings.findings(state, engines_state(), plan, ContainerSettings())
    if plan.torch is not None:
        for version in (None, "1.0"):
            found += proof.of_torch(plan, TorchAnswer("/opt/x", version), rolled_back=False)
    assert deploys([f.remedy for f in found]) == {deploy}


def test_missing_part_of_a_container_hosts_driver_names_the_container_hosts_deploy() -> None:
    missing = a_host.package("nvidia-smi", status="rc")
    state = a_host.with_packages(a_host.done(), missing)
    (finding,) = (f for f in comparison.compare(state, NATIVE) if f.code == "DRIVER-INCOMPLETE")
    assert finding.remedy == "run deploys/container_host.py again"


def test_container_that_loses_its_gpus_names_the_container_hosts_deploy() -> None:
    plan, there = a_container_host.plan(), engines_state(nodes=NODES, images=("pytorch-cuda:v2.9",))
    answer = container_proof.ContainerAnswer(True, before=GPUS, after=())
    (finding,) = container_proof.judged(there, plan, ContainerSettings(), answer).findings
    assert deploys([finding.remedy]) == {CONTAINER_HOST}


@pytest.mark.parametrize(
    ("plan", "record", "deploy"),
    [
        (a_host.plan(), {}, GPU_HOST),
        (NATIVE, {}, CONTAINER_HOST),
        (None, {"containers": {"verdict": "OK"}}, CONTAINER_HOST),
        (None, {}, GPU_HOST),
    ],
    ids=["gpu host", "container host", "container host without a plan", "nothing is known"],
)
def test_doctor_names_the_deploy_of_the_host(
    plan: Plan | None, record: dict[str, object], deploy: str
) -> None:
    ill = ILL["D12"][0]
    state = replace(ill.state, record={**(ill.state.record or {}), **record})
    answer = a_patient.answer(replace(ill, state=state, plan=plan))
    commands = {f.code: f.command for f in answer.findings}
    assert commands["D12"] == f"pyinfra INVENTORY {deploy}"


@pytest.mark.parametrize(("plan", "deploy"), [(a_host.plan(), GPU_HOST), (NATIVE, CONTAINER_HOST)])
def test_repair_leaves_what_is_not_of_the_driver_to_the_deploy_of_the_host(
    plan: Plan, deploy: str
) -> None:
    patient = replace(a_patient.case(current_venv=None), plan=plan)
    left = {one.code: one for one in chart(patient, a_patient.answer(patient)).left}
    torch = left["TORCH-LINK"]
    assert torch.why == (f"this is not of the driver: run {deploy}",)
    assert torch.do == f"run {deploy} again"
