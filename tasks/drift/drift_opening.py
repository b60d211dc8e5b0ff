"""Read every host of a run, compare them, write the report, end with its status."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from pyinfra.api.host import Host
from pyinfra.api.state import State

from facts.device_health import DeviceHealth
from facts.device_health_model import Health
from facts.past import HostPast
from facts.past_model import Past
from stacks.model.plain import one_line, plain
from tasks.doctor.examination import examined
from tasks.drift import document, forms, history, kept_only, paste, wording
from tasks.drift.document import Report
from tasks.drift.observed import Asked
from tasks.drift.observed import reading as observed
from tasks.drift.reading import Reading, as_data
from tasks.hostdata.report import ReportSettings, report_settings
from tasks.steps.answers import Answer, Answers
from tasks.steps.step import fact, this_run


@dataclass
class _Run:
    """What is remembered of a run."""

    readings: dict[str, Reading] = field(default_factory=dict)
    settings: ReportSettings = field(default_factory=ReportSettings)


def new_answers() -> Answers:
    """A run's answers, with what is done when all are there."""
    return Answers(closing=_end)


def this_one() -> None:
    """Read the host at hand; after the last one, write, print and leave.

    Four round trips at most: the probe, the second look, the GPUs at rest, what the host has kept.

    Raises:
        SystemExit: 0 same, 1 differs, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
    """
    _answers.collect(_read)


def _read(host: Host) -> Answer | None:
    settings = report_settings(host.data)
    if settings.source is not None:  # config.py was not read: pyinfra was called in another folder
        raise SystemExit(kept_only.told(settings, [settings.source], "--json" in sys.argv))
    case, complaint = examined(host, call=False)
    if case is None:
        return None
    health: Health | None = Health()
    if case.loaded or case.container:
        health = fact(DeviceHealth, seconds=0)
    past: Past | None = fact(HostPast) if health is not None else None
    if health is None or past is None:
        return None
    asked = Asked(case, past, health, complaint or "")
    reading = observed(host.name, _group(host, settings), _now(), asked)
    _run.readings[host.name] = reading
    _run.settings = settings
    return Answer(reading.verdict, "", {})


def _group(host: Host, settings: ReportSettings) -> str:
    """Whom it is compared with: the smallest group of the inventory that it is in."""
    run = this_run()
    groups: dict[str, list[Host]] = run.inventory.groups
    own = [(len(hosts), name) for name, hosts in groups.items() if host in hosts]
    return settings.group or (min(own)[1] if own else "all")


def _now() -> str:
    return history.at_time(datetime.now(timezone.utc))


def _end(told: dict[str, Answer]) -> None:
    """Make the report of all answers, write it, and let each answer say what it says."""
    run, settings = this_run(), _run.settings
    problems: list[str] = []
    before = history.Past({}, {})
    if settings.history.is_dir():
        try:
            before = history.past([settings.history], datetime.now(timezone.utc), told)
        except OSError as error:
            problems.append(f"{settings.history} cannot be read: {error.strerror}")
    readings = [_run.readings.get(name) or _silent(run, name, told, before) for name in told]
    report = document.made(
        readings, before.newest, _now(), inventory(), [*before.complaints, *problems]
    )
    try:
        written = forms.written(report, settings)
    except OSError as error:
        written = [f"UNKNOWN: {error.filename} cannot be written: {error.strerror}"]
        problems += written
    _answer(told, report, settings, written, bool(problems))


def _silent(run: State, name: str, told: dict[str, Answer], before: history.Past) -> Reading:
    """A host without an answer, with what was read of it last."""
    why = one_line(str(told[name].data.get("why") or "it could not be read"))
    known = before.newest.get(name)
    host = run.inventory.get_host(name)
    if known is None:
        try:
            group = _group(host, report_settings(host.data)) if host else "all"
        except ValueError:
            group = "all"
        known = Reading(name, group=group)
    return history.silent(known, why, _now())


def _answer(
    told: dict[str, Answer],
    report: Report,
    settings: ReportSettings,
    written: list[str],
    unwritten: bool,
) -> None:
    texts = wording.by_host(report)
    differs = {difference.host for difference in report.differences}
    by_name = {reading.host: reading for reading in report.readings}
    answered = dict(told)
    told.clear()  # the worst first
    for name, reading in by_name.items():
        level = reading.verdict
        if level == "OK" and name in differs:
            level = "WARN"
        if unwritten and level != "CRITICAL":
            level = "UNKNOWN"
        told[name] = replace(answered[name], level=level, text=texts[name], data=as_data(reading))
    if settings.form == "env":
        blocks = paste.text(report.readings)
        told.update({name: replace(answer, text="") for name, answer in told.items()})
        first = next(iter(told))
        told[first] = replace(told[first], text=plain(blocks))
        return
    last = list(told)[-1]
    closing = wording.closing(report, written)
    told[last] = replace(told[last], text=f"{told[last].text}\n{closing}")


def inventory() -> str:
    """The inventory as pyinfra was given it; empty: it is not known."""
    words = sys.argv[1:]
    before = [word for word in words[: _place(words)] if not word.startswith("-")]
    return before[-1] if before else ""


def _place(words: list[str]) -> int:
    """Where the deploy stands: the inventory is the word before it."""
    places = [n for n, word in enumerate(words) if word.endswith(kept_only.DEPLOY)]
    return places[0] if places else 0


_answers = new_answers()
_run = _Run()
