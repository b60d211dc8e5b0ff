"""What verify notes on a host, and whether a gate may go by it. Pure.

The note is `tasks.steps.record.AcceptanceRecord`; its keys are explained in ``docs/record.md``.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator, Sequence

from facts.measurements_model import Measurements
from tasks.acceptance.judge import Verdict
from tasks.acceptance.speed_checks import readings, unit
from tasks.acceptance.subject import Subject
from tasks.hostdata.acceptance import LEVELS, GateSettings
from tasks.steps.record import (
    TOOL,
    AcceptanceCode,
    AcceptanceReading,
    AcceptanceRecord,
    Text,
)

VERSION = 1
PASSED = ("OK", "WARN")
"""Verdicts with which work may be started: UNKNOWN is none."""
ASKEW_S = 300
"""So far two machines' clocks may differ."""


def record(
    level: str,
    at: str,
    subject: Subject,
    verdict: Verdict,
    measured: Measurements | None = None,
    more: Sequence[AcceptanceReading] = (),
    plan: str | None = None,
) -> AcceptanceRecord:
    """The note of one answer.

    Args:
        level: That was proven.
        at: When, as in `tasks.steps.record.now`.
        subject: What was read.
        verdict: What was said of it.
        measured: What was measured.
        more: Further readings.
        plan: Digest of the plan that it was held against; None: of none.
    """
    return AcceptanceRecord(
        version=VERSION,
        level=level,
        at=at,
        verdict=verdict.level,
        codes=tuple(
            AcceptanceCode(code=o.code, device=o.gpu, status=o.level) for o in verdict.observations
        ),
        readings=(*_seen(subject), *_measured(subject, measured), *more),
        tool=f"{TOOL}, plan {plan[:12]}" if plan else TOOL,
    )


def _seen(subject: Subject) -> Iterator[AcceptanceReading]:
    """Temperatures, which quick sees as well."""
    for device in subject.devices:
        name = device.pci or str(device.index)
        hot = [s.temperature_c for s in device.busy if s.temperature_c is not None]
        for metric, value in (
            ("temperature at rest", device.temperature_c),
            ("temperature under load", max(hot, default=None)),
        ):
            if value is not None:
                yield AcceptanceReading(device=name, metric=metric, value=value, unit="degrees")


def _measured(subject: Subject, told: Measurements | None) -> Iterator[AcceptanceReading]:
    for one in readings(subject, told) if told is not None and not told.tiny else ():
        if one.measure.value is None:
            continue
        nvls = {True: ", NVLS", False: ", no NVLS", None: ""}[one.measure.nvls]
        many = f" over {one.measure.gpus} GPUs" if one.measure.gpus else ""
        yield AcceptanceReading(
            device=one.name,
            metric=f"{one.measure.metric} {one.measure.how}{many}{nvls}",
            value=one.measure.value,
            unit=unit(one.measure.metric),
        )


def why_closed(noted: AcceptanceRecord, gate: GateSettings, now: float, changed: Text = "") -> str:
    """Why the note opens no gate; empty: it does.

    Args:
        noted: What the host has.
        gate: What is asked for.
        now: Seconds since 1970.
        changed: When a deploy set the host up last, as in `tasks.steps.record.now`.
    """
    level, verdict = noted.level, noted.verdict
    if noted.version != VERSION or not level or not verdict:
        return "the host was never verified, or what it noted cannot be read"
    if level not in LEVELS or LEVELS.index(level) < LEVELS.index(gate.level or "quick"):
        return f"it was verified at the level {level}, and {gate.level} is asked for"
    then = seconds(noted.at)
    if then is None or then > now + ASKEW_S:
        return "when it was verified cannot be read, or lies in the future"
    if now - then > gate.age:
        return f"it was verified at {noted.at}, longer ago than gate_age allows"
    built = seconds(changed)
    if built is not None and built > then:
        return f"it was verified at {noted.at}, before a deploy set it up at {changed}"
    if verdict not in PASSED:
        return f"it was verified at {noted.at}, and the verdict was {verdict}"
    return ""


def seconds(said: Text) -> float | None:
    """A time of a note, since 1970; None where it is none."""
    try:
        return float(calendar.timegm(time.strptime(str(said), "%Y-%m-%dT%H:%M:%SZ")))
    except (ValueError, OverflowError):
        return None
