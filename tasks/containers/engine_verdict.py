"""The end of a container host's run: look again, start a container, write it down, say it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from pyinfra.api import StringCommand
from pyinfra.api.host import Host

from facts.container_proof import ContainerProof
from facts.cuda_call import CudaCall
from facts.engine_model import ContainerAnswer, Engines
from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.model.host import HostState
from facts.runtime import CudaAnswer
from stacks.model.plan import Plan
from tasks import finding
from tasks.containers import (
    cdi_state,
    device_links,
    docker_change,
    engine_state,
    look,
    proof,
)
from tasks.containers import findings as judge
from tasks.containers.daemon_json import DaemonJsonError
from tasks.deploy import deploy_of
from tasks.driver.state import library_version
from tasks.guard import kernel_guard
from tasks.health.case import Case
from tasks.hostdata.containers import ContainerSettings
from tasks.layout import RECORD
from tasks.python import state as python_state
from tasks.steps.ending import critical
from tasks.steps.record import TOOL, Containers, HostRecord, Versions, now, read, record_script
from tasks.steps.step import Commands, executing, fact, host_state, step, this_host
from tasks.verify import comparison, report, soundness
from tasks.verify import proof as host_proof
from tasks.verify.proof import Proof


@dataclass(frozen=True)
class _Asked:
    """What `report_verdict` was asked of a host."""

    plan: Plan
    settings: ContainerSettings
    rollback: int
    expected_gpus: int
    kernel_policy: str | None


_waiting: WeakKeyDictionary[Host, _Asked] = WeakKeyDictionary()
"""Hosts that have no image yet to start a container from, and may get one in this run."""


def report_verdict(
    plan: Plan,
    settings: ContainerSettings,
    rollback: int = 0,
    expected_gpus: int = 0,
    kernel_policy: str | None = None,
    *,
    name: str,
) -> None:
    """Compare the host with its plan, start a container with the GPUs, record what is there.

    The container is started when something has changed since it was last: engine, toolkit,
    driver, settings, image, boot, or a restart of Docker. The record says when that was.

    Args:
        plan: The host's plan.
        settings: What host data say about containers.
        rollback: How many environments this run goes back.
        expected_gpus: How many GPUs the host's data announce; 0 for nothing.
        kernel_policy: The policy that the host's data ask for; None for nothing.
        name: The operation's.
    """
    asked = _Asked(plan, settings, rollback, expected_gpus, kernel_policy)
    if not proof.has_image(look.engines(settings), plan, settings):
        _waiting[this_host()] = asked
    _verdict(asked=asked, name=name)


@step
def _verdict(asked: _Asked) -> Commands:
    if executing():
        yield from _judged(asked)
        return
    state, engines_state = host_state(), look.engines(asked.settings)
    due = _stale(state, engines_state, asked.plan, asked.settings)
    if due or _to_change(state, engines_state, asked.plan, asked.settings):
        yield StringCommand(":")  # never sent: it only says that a record will be written


def waits_for_an_image() -> bool:
    """Whether an earlier deploy of this run has no image to prove the host with."""
    return this_host() in _waiting


@step
def again() -> Commands:
    """Prove in a container what could not be proven for want of an image, which is here now."""
    asked = _waiting[this_host()]
    if not executing():
        yield StringCommand(":")
    elif proof.has_image(look.engines(asked.settings), asked.plan, asked.settings):
        yield from _judged(asked)


def _judged(asked: _Asked) -> Commands:
    plan, settings = asked.plan, asked.settings
    state, engines_state = host_state(), look.engines(settings)
    found = list(comparison.compare(state, plan, asked.rollback, asked.expected_gpus))
    found += kernel_guard.findings(state, plan, asked.kernel_policy)
    found += judge.of_packages(state, plan)
    found += judge.findings(state, engines_state, plan, settings)
    call: CudaAnswer = fact(CudaCall)
    on_host = host_proof.of_cuda_call(state, plan, call)
    inside = _inside(state, engines_state, plan, settings)
    found += [*on_host.findings, *inside.findings]
    evidence: Evidence | None = fact(HostEvidence, kernels=soundness.kernels_to_look_into(state))
    if evidence is None:
        return
    case = Case(state, evidence, plan, call, asked.expected_gpus, asked.rollback)
    found = soundness.with_rules(case, found, deploy_of(plan))
    text = inside.text
    if text.startswith("none"):
        text = f"{on_host.text}; in a container: {text}"
    level = finding.worst(tuple(found))
    words = proof.engine_words(state, engines_state, plan)
    report.judged(this_host(), state, plan, level, text, tuple(found), None, words)
    noted = _part(state)
    if _stale(state, engines_state, plan, settings) or (noted.verdict, noted.proof) != (
        level,
        inside.text,
    ):
        yield StringCommand(
            record_script(RECORD, _record(state, engines_state, plan, settings, level, inside))
        )
    if level == "CRITICAL":
        yield critical(", ".join(f.code for f in found if f.level == level))


def _inside(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> Proof:
    """What a container sees: as recorded where nothing has changed since, else asked now."""
    cannot = proof.none(engines_state, plan, settings)
    if cannot is not None:
        return cannot
    noted = _part(state)
    if noted.key == proof.depends_on(state, engines_state, plan, settings):
        return Proof(noted.proof or "none (the record does not say)")
    answer: ContainerAnswer = fact(
        ContainerProof,
        image=proof.image(engines_state, plan, settings),
        ask=proof.ask(plan),
        engine=proof.tool(plan),
    )
    return proof.judged(engines_state, plan, settings, answer)


def _part(state: HostState) -> Containers:
    return read(HostRecord, state.record).containers or Containers()


def _stale(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> bool:
    """Whether the record tells of another plan, or of a proof that no longer holds."""
    noted = _part(state)
    provable = proof.none(engines_state, plan, settings) is None
    return (
        noted.plan != plan.digest
        or noted.tool != TOOL
        or python_state.history(state) != python_state.remembered(state, plan)
        or (provable and noted.key != proof.depends_on(state, engines_state, plan, settings))
    )


def _to_change(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> bool:
    """Whether an earlier step of this run will change what the record says."""
    assert plan.containers is not None
    try:
        daemon = bool(docker_change.change(state, engines_state, plan, settings))
    except DaemonJsonError:
        daemon = True
    spec = cdi_state.spec_due(state, engines_state, plan.containers)
    # A proof does not depend on these two: they only make a verdict good that was bad.
    fixed = (
        bool(spec or device_links.unlinked(engines_state)) and _part(state).verdict == "CRITICAL"
    )
    return daemon or fixed or bool(engine_state.to_come(state, plan))


def _record(
    state: HostState,
    engines_state: Engines,
    plan: Plan,
    settings: ContainerSettings,
    level: str,
    inside: Proof,
) -> HostRecord:
    """The record with our part renewed; of a host that no other deploy knows, its beginning too."""
    before, at = read(HostRecord, state.record), now()
    environments = tuple(python_state.remembered(state, plan))
    proven = inside.text.startswith("container")
    return replace(
        before,
        stack=before.stack or plan.stack,
        tool=before.tool or TOOL,
        time=before.time or at,
        environments=environments if plan.torch else before.environments,
        versions=replace(
            before.versions or Versions(),
            driver=library_version(state),
            driver_origin=plan.driver.origin if plan.driver else None,
        ),
        containers=Containers(
            tool=TOOL,
            plan=plan.digest,
            time=at,
            verdict=level,
            proof=inside.text,
            key=proof.depends_on(state, engines_state, plan, settings) if proven else None,
            image=proof.image(engines_state, plan, settings),
            versions=proof.engine_words(state, engines_state, plan),
        ),
    )
