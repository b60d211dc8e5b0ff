"""Read every host of a run, judge it, print the answers, end with nagios's exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyinfra.api.host import Host

from facts.container_proof import ContainerProof
from facts.device_health import SECONDS, DeviceHealth
from facts.device_health_model import Health
from facts.engine_model import ContainerAnswer
from facts.measurements import SpeedMeasurements
from facts.measurements_model import Measurements
from stacks.model.host import Gpu
from stacks.model.plain import one_line
from tasks.acceptance import siblings, speed_checks, verdict_text
from tasks.acceptance.judge import judged
from tasks.acceptance.rules import Fault
from tasks.acceptance.subject import Subject
from tasks.containers import look, proof
from tasks.doctor.examination import examined
from tasks.doctor.tree import diagnose
from tasks.health.case import Case
from tasks.host import resolution
from tasks.hostdata import containers as container_data
from tasks.hostdata import host as host_data
from tasks.hostdata.acceptance import AcceptanceSettings, acceptance_settings
from tasks.steps.answers import Answer, Answers
from tasks.steps.step import fact
from tasks.verify.proof import Proof


def new_answers() -> Answers:
    """A run's answers, with what is done when all are there."""
    return Answers(closing=_end)


def this_one() -> None:
    """Judge the host at hand; after the last one, print and leave.

    Raises:
        SystemExit: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
    """
    _answers.collect(_judged)


def _judged(host: Host) -> Answer | None:
    settings = acceptance_settings(host.data)
    expected = host_data.expected_gpus(host.data, resolution.catalog())
    case, complaint = examined(host)
    if case is None:
        return None
    subject = _read(host, case, expected, settings)
    if subject is None:
        return None
    told: Measurements | None = None
    if settings.level == "standard":
        told = _measured(case)
        if told is None:
            return None
    _read_hosts[host.name] = read = Read(host.name, settings, subject, told, complaint)
    return _answer(read)


def _measured(case: Case) -> Measurements | None:
    """What the host's GPUs measure; nothing is measured beside somebody's work."""
    users = [f"{h.name} ({h.pid})" for h in case.evidence.holders if h.name not in DAEMONS]
    if users:
        names = ", ".join(users[:5]) + (" and more" if len(users) > 5 else "")
        return Measurements(why=f"the GPUs are in use by {names}: measure when they are free")
    told: Measurements | None = fact(SpeedMeasurements)
    return told


DAEMONS = ("nvidia-persiste", "nv-fabricmanage", "nv-hostengine", "nvidia-smi")
"""Programs that hold a GPU open and use none of it, as the kernel shortens their names."""


@dataclass(frozen=True)
class Read:
    """All that was read of one host."""

    host: str
    settings: AcceptanceSettings
    subject: Subject
    measured: Measurements | None = None
    """What was measured; None: only the level quick was asked for."""
    complaint: str | None = None
    """Why it was not compared with a plan."""


def _answer(read: Read, fleet: Sequence[Fault] = ()) -> Answer:
    """The host's answer; ``fleet``: what its cards are, beside those of other hosts."""
    subject, level, told = read.subject, read.settings.level, read.measured
    said = None
    if told is not None:
        own = siblings.in_host(speed_checks.readings(subject, told))
        said = (*speed_checks.measured(subject, told), *own, *fleet)
    verdict = judged(subject, read.settings.skip, said)
    words = verdict_text.text(read.host, level, subject, verdict, told)
    if read.complaint:
        words += "\n" + one_line(f"  not compared with a plan: {read.complaint}")
    data = {**verdict_text.data(level, subject, verdict, told), "plan": read.complaint}
    return Answer(verdict.level, words, {**data, JUNIT: str(read.settings.junit or "")})


def _read(
    host: Host, case: Case, expected: tuple[Gpu, ...], settings: AcceptanceSettings
) -> Subject | None:
    seconds = 0 if "kernel" in settings.skip else SECONDS
    health: Health | None = fact(DeviceHealth, seconds=seconds)
    if health is None:
        return None
    inside = why = None
    if "container" not in settings.skip:
        inside, why = _container(host, case)
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


def _container(host: Host, case: Case) -> tuple[Proof | None, str | None]:
    """What a container with the GPUs proves; else why none is started."""
    plan = case.plan
    if plan is None or plan.containers is None or case.state.jetson is not None:
        return None, "no engine of a plan is here"
    settings = container_data.container_settings(host.data)
    engines = look.engines(settings)
    if cannot := proof.none(engines, plan, settings):
        return cannot, None
    answer: ContainerAnswer | None = fact(
        ContainerProof,
        image=proof.image(engines, plan, settings),
        ask=proof.ask(plan),
        engine=proof.tool(plan),
    )
    if answer is None:
        return None, "the container's answer could not be read"
    return proof.judged(engines, plan, settings, answer), None


def _end(told: dict[str, Answer]) -> None:
    """Compare the hosts with each other; write JUnit's XML where host data name a file."""
    fleet = {
        name: speed_checks.readings(read.subject, read.measured)
        for name, read in _read_hosts.items()
        if read.measured is not None and not read.measured.tiny
    }
    for name, faults in siblings.in_fleet(fleet).items():
        told[name] = _answer(_read_hosts[name], faults)
    files = {answer.data[JUNIT]: None for answer in told.values() if answer.data.get(JUNIT)}
    text = verdict_text.junit({name: answer.data for name, answer in told.items()})
    for file in files:
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            why = f"verify_junit: {file} cannot be written: {error.strerror}"
            for name, answer in told.items():
                told[name] = replace(
                    answer,
                    level="UNKNOWN" if answer.level != "CRITICAL" else "CRITICAL",
                    text=answer.text + "\n" + one_line(f"  {why}"),
                )


JUNIT = "junit"
"""Under which a host's answer names the file."""
_answers = new_answers()
_read_hosts: dict[str, Read] = {}
