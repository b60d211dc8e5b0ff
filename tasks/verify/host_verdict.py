"""The end of a run: look again, prove it, write it down, say it in one line."""

from __future__ import annotations

from dataclasses import replace

from pyinfra.api import StringCommand

from facts.cuda_call import CudaCall
from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.model.host import HostState
from facts.runtime import CudaAnswer, TorchAnswer
from stacks.model.plan import Plan
from tasks import finding
from tasks.deploy import deploy_of
from tasks.driver import state as driver_state
from tasks.driver.state import library_version
from tasks.guard import kernel_guard
from tasks.health.case import Case
from tasks.layout import RECORD
from tasks.python import state as python_state
from tasks.python import torch_import
from tasks.steps.ending import critical
from tasks.steps.record import TOOL, HostRecord, TorchImport, Versions, now, read, record_script
from tasks.steps.step import Commands, executing, fact, host_state, step, this_host
from tasks.verify import comparison, proof, report, soundness


@step
def report_verdict(
    plan: Plan, rollback: int = 0, expected_gpus: int = 0, kernel_policy: str | None = None
) -> Commands:
    """Compare the host with its plan, make a real CUDA call, ask the doctor's rules, record it.

    torch is imported when something has changed since it was imported last: another environment,
    another driver, another boot. The record says when that was. One more look tells what stands in
    the way of the next boot and of an ordinary login, which imports torch whenever this step does.

    Args:
        plan: The host's plan.
        rollback: How many environments this run goes back.
        expected_gpus: How many GPUs the host's data announce; 0 for nothing.
        kernel_policy: The policy that the host's data ask for; None for nothing.
    """
    state = host_state()
    environments = python_state.remembered(state, plan)
    if not executing():
        if _stale(state, plan, environments):
            yield StringCommand(":")  # never sent: it only says that a record will be written
        return
    found = list(comparison.compare(state, plan, rollback, expected_gpus))
    found += kernel_guard.findings(state, plan, kernel_policy)
    torch_note = _known_import(state, plan)
    imports = plan.torch is not None and torch_note is None and state.current_venv is not None
    if imports:
        assert state.current_venv is not None
        answer = torch_import.answer(state, state.current_venv)
        found += proof.of_torch(plan, answer, rolled_back=rollback > 0)
        torch_note = _import_note(state, plan, answer)
    call: CudaAnswer = fact(CudaCall)
    proven = proof.of_cuda_call(state, plan, call)
    found += proven.findings
    evidence: Evidence | None = fact(
        HostEvidence,
        kernels=soundness.kernels_to_look_into(state),
        **({"imports": True} if imports else {}),  # as asked before, where it is the same
    )
    if evidence is None:
        return
    case = Case(state, evidence, plan, call, expected_gpus, rollback)
    found = soundness.with_rules(case, found, deploy_of(plan))
    level = finding.worst(tuple(found))
    report.judged(this_host(), state, plan, level, proven.text, tuple(found), torch_note)
    if _stale(state, plan, environments) or _noted(state).verdict != level:
        record = _record(state, plan, environments, level, proven.text, torch_note)
        yield StringCommand(record_script(RECORD, record))
    if level == "CRITICAL":
        yield critical(", ".join(f.code for f in found if f.level == level))


def _stale(state: HostState, plan: Plan, environments: list[str]) -> bool:
    """Whether the record tells of another plan, environment, boot or driver than is there."""
    record = _noted(state)
    return (
        record.plan != plan.digest
        or record.environments != tuple(environments)
        or _known_import(state, plan) is None
        or record.tool != TOOL
    )


def _noted(state: HostState) -> HostRecord:
    return read(HostRecord, state.record)


def _known_import(state: HostState, plan: Plan) -> TorchImport | None:
    """The noted import of torch, if nothing has changed since; empty where no torch is planned."""
    if plan.torch is None:
        return TorchImport()
    note = _noted(state).torch
    if not note or note.key != torch_import.depends_on(state, state.current_venv):
        return None
    return note


def _import_note(state: HostState, plan: Plan, answer: TorchAnswer) -> TorchImport | None:
    if answer.version is None:
        return None
    return TorchImport(
        key=torch_import.depends_on(state, state.current_venv),
        version=answer.version,
        cuda=answer.cuda,
        cudnn=answer.cudnn,
        nccl=answer.nccl,
        available=answer.available,
        checked=now(),
    )


def _record(
    state: HostState,
    plan: Plan,
    environments: list[str],
    level: str,
    proven: str,
    torch_note: TorchImport | None,
) -> HostRecord:
    return replace(
        _noted(state),  # parts of other deploys stay
        tool=TOOL,
        stack=plan.stack,
        plan=plan.digest,
        time=now(),
        environments=tuple(environments),
        verdict=level,
        proof=proven,
        torch=torch_note or TorchImport(),
        versions=_versions(state, plan),
    )


def _versions(state: HostState, plan: Plan) -> Versions:
    next_boot = driver_state.next_boot(state)
    seen = report.versions(state, plan)
    return Versions(
        driver=f"L4T {plan.jetson.l4t}" if plan.jetson else library_version(state),
        driver_origin=plan.driver.origin if plan.driver else None,
        next_boot=next_boot.kernel,
        # A Jetson boots what its own boot chain says, and the driver is part of it.
        next_boot_ready=None if plan.jetson else next_boot.served,
        cuda=seen.get("CUDA"),
        cudnn=seen.get("cuDNN"),
        torch=seen.get("torch"),
    )
