"""All that a level reads of one host, each part within what is left of its time."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyinfra.api.host import Host

from facts import container_proof, device_health, measurements
from facts.acceptance_note import AcceptanceNote
from facts.burn_in_model import BurnIn
from facts.container_proof import ContainerProof
from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm
from facts.device_health import DeviceHealth
from facts.device_health_model import Health
from facts.engine_model import ContainerAnswer
from facts.measurements import SpeedMeasurements
from facts.measurements_model import Measurements
from stacks.model.host import Gpu
from tasks.acceptance import burn_in
from tasks.acceptance.deadline import Deadline
from tasks.acceptance.subject import Subject
from tasks.containers import look as containers
from tasks.containers import proof
from tasks.doctor.examination import examined
from tasks.doctor.tree import diagnose
from tasks.health.case import Case
from tasks.host import resolution
from tasks.hostdata import containers as container_data
from tasks.hostdata import host as host_data
from tasks.hostdata.acceptance import AcceptanceSettings
from tasks.steps.record import AcceptanceRecord, read
from tasks.steps.step import fact
from tasks.verify.proof import Proof

CALL_S = 15
"""For the CUDA call: one that takes longer hangs."""
LEAST_CONTAINER_S, LEAST_MEASURE_S, LEAST_DCGM_S = 15, 45, 120
"""What these need to say anything."""
DAEMONS = ("nvidia-persiste", "nv-fabricmanage", "nv-hostengine", "nvidia-smi", "dcgm-exporter")
"""Programs that hold a GPU open and use none of it, as the kernel shortens their names."""


@dataclass(frozen=True)
class Read:
    """All that was read of one host."""

    host: str
    settings: AcceptanceSettings
    subject: Subject
    measured: Measurements | None = None
    """What was measured; None: the level has no measuring."""
    complaint: str | None = None
    """Why it was not compared with a plan."""
    plan: str | None = None
    """Digest of the plan."""
    dcgm: Dcgm | None = None
    burnt: BurnIn | None = None
    """What a burn-in found; None: the level has none."""
    burn_why: str = ""
    """Why there is no result of one."""


def looked(host: Host, settings: AcceptanceSettings) -> Read | None:
    """Read the host at hand as its level asks; None where it could not be read.

    Raises:
        ValueError: Its data cannot be read.
    """
    expected = host_data.expected_gpus(host.data, resolution.catalog())
    burnt, why = None, ""
    if settings.level == "burn-in":
        case, _ = examined(host)
        if case is None:
            return None
        # A job leaves a folder behind, and one that could do nothing shall leave none.
        busy = in_use(case) or ("" if case.state.current_venv else burn_in.NO_ENVIRONMENT)
        burnt, why = burn_in.burnt(host, settings.burn_in, busy, dry())
    end = Deadline(settings.limit)
    case, complaint = examined(host, CALL_S)
    if case is None:
        return None
    subject = _subject(host, case, expected, settings, end)
    if subject is None:
        return None
    told = dcgm = None
    if settings.level == "standard":
        told = _measured(case, settings, end)
        dcgm = _dcgm(case, settings, end)
        if told is None or dcgm is None:
            return None
    return Read(
        host.name,
        settings,
        subject,
        told,
        complaint,
        case.plan.digest if case.plan is not None else None,
        dcgm,
        burnt,
        why,
    )


def noted(host: Host) -> AcceptanceRecord | None:
    """What verify has noted on the host at hand; None where it could not be read."""
    told: Mapping[str, Any] | None = fact(AcceptanceNote)
    return None if told is None else read(AcceptanceRecord, told["noted"])


def dry() -> bool:
    """Whether this run is to change nothing at all."""
    return "--dry" in sys.argv


def in_use(case: Case) -> str:
    """Why the GPUs are not to be loaded: somebody's programs use them; empty: nobody's do."""
    users = [f"{h.name} ({h.pid})" for h in case.evidence.holders if h.name not in DAEMONS]
    if not users:
        return ""
    names = ", ".join(users[:5]) + (" and more" if len(users) > 5 else "")
    return f"the GPUs are in use by {names}: measure when they are free"


def _measured(case: Case, settings: AcceptanceSettings, end: Deadline) -> Measurements | None:
    """What the host's GPUs measure; nothing is measured beside somebody's work."""
    if {"speed", "results", "together", "siblings"} <= {*settings.skip}:
        return Measurements(why="switched off by verify_skip")
    if busy := in_use(case):
        return Measurements(why=busy)
    # Longer than the usual only where somebody has asked for more time.
    most = measurements.SECONDS if settings.limit <= measurements.SECONDS else settings.limit
    seconds = end.share(most, LEAST_MEASURE_S)
    if not seconds:
        return Measurements(why=end.why)
    told: Measurements | None = fact(SpeedMeasurements, seconds=seconds)
    return told


def _dcgm(case: Case, settings: AcceptanceSettings, end: Deadline) -> Dcgm | None:
    """What DCGM says. It loads the GPUs, so it comes after the measuring, and only on free ones."""
    if "dcgm" in settings.skip:
        return Dcgm(why="switched off by verify_skip")
    if in_use(case):
        return Dcgm(why="the GPUs are in use")
    seconds = end.share(settings.limit, LEAST_DCGM_S)
    if not seconds:
        return Dcgm(why=end.why)
    told: Dcgm | None = fact(DcgmDiagnosis, seconds=seconds)
    return told


def _subject(
    host: Host,
    case: Case,
    expected: tuple[Gpu, ...],
    settings: AcceptanceSettings,
    end: Deadline,
) -> Subject | None:
    seconds = 0 if "kernel" in settings.skip else device_health.SECONDS
    # Of a whole minute, or what is left of one; the other levels have more, and need it elsewhere.
    within = max(5, min(end.left, device_health.WITHIN))
    health: Health | None = fact(DeviceHealth, seconds=seconds, within=within)
    if health is None:
        return None
    inside = why = None
    if "container" not in settings.skip:
        inside, why = _container(host, case, end)
    return Subject(
        case.state,
        case.evidence,
        health,
        case.cuda,
        expected,
        diagnose(case).findings,
        inside,
        why or "",
    )


def _container(host: Host, case: Case, end: Deadline) -> tuple[Proof | None, str | None]:
    """What a container with the GPUs proves; else why none is started."""
    plan = case.plan
    if plan is None or plan.containers is None or case.state.jetson is not None:
        return None, "no engine of a plan is here"
    settings = container_data.container_settings(host.data)
    engines = containers.engines(settings)
    if cannot := proof.none(engines, plan, settings):
        return cannot, None
    seconds = end.share(container_proof.WITHIN, LEAST_CONTAINER_S)
    if not seconds:
        return None, end.why
    answer: ContainerAnswer | None = fact(
        ContainerProof,
        image=proof.image(engines, plan, settings),
        ask=proof.ask(plan),
        engine=proof.tool(plan),
        within=seconds,
    )
    if answer is None:
        return None, "the container's answer could not be read"
    return proof.judged(engines, plan, settings, answer), None
