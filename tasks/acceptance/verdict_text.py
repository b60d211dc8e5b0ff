"""Verify's verdict as text for a person, as data for a program, and as JUnit's XML. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from facts.measurements_model import Measurements
from stacks.model import plain
from tasks.acceptance.judge import NAMES, Verdict
from tasks.acceptance.rules import Observation
from tasks.acceptance.speed_checks import Reading, readings, unit
from tasks.acceptance.subject import Subject
from tasks.templates.junit import Case, Said, xml


def text(
    host: str,
    level: str,
    subject: Subject,
    verdict: Verdict,
    measured: Measurements | None = None,
    more: Iterable[str] = (),
) -> str:
    """One block of lines for one host; ``more``: lines of the level's own."""
    lines = [
        f"{host}: {verdict.level} (level {level})",
        f"  GPUs: {gpus(subject)}",
        f"  proof: {verdict.proof}",
    ]
    if measured is not None:
        lines += [f"  {line}" for line in _values(subject, measured)]
    lines += [f"  {line}" for line in more]
    for seen in verdict.observations:
        lines += _lines(seen)
    lines.append(f"  passed: {', '.join(verdict.passed) or 'nothing'}")
    reasons: dict[str, list[str]] = {}
    for item in verdict.left_out:
        reasons.setdefault(item.why, []).append(item.check)
    lines += [f"  left out: {', '.join(checks)} ({why})" for why, checks in reasons.items()]
    return plain.block(lines)


def gpus(subject: Subject) -> str:
    """``8 x NVIDIA H100 80GB HBM3``, by nvidia-smi, else what the bus has."""
    if subject.devices:
        names = Counter(d.name or "a GPU without a name" for d in subject.devices)
        told = ", ".join(f"{count} x {name}" for name, count in names.items())
        return told + (f"; {len(subject.mig)} of them in slices (MIG)" if subject.mig else "")
    on_bus = Counter(f"10de:{g.device}" for g in subject.state.gpus)
    told = ", ".join(f"{count} x {device}" for device, count in on_bus.items())
    return f"{told} on the bus, none that nvidia-smi lists" if told else "none"


def _lines(seen: Observation) -> Iterator[str]:
    where = f" {seen.gpu}" if seen.gpu else ""
    yield f"  {seen.code} {seen.level}{where}: {seen.what}"
    yield f"    seen:   {seen.observed}" + (f" (limit: {seen.limit})" if seen.limit else "")
    yield f"    do:     {seen.action}: {seen.remedy}"
    yield f"    source: {seen.source}"
    if seen.disagree:
        yield f"    others: {seen.disagree}"


def _values(subject: Subject, measured: Measurements) -> Iterator[str]:
    """``hbm_bandwidth alone: 2903 to 2911 GB/s over 8``: a line per metric."""
    groups: dict[str, list[Reading]] = {}
    for one in readings(subject, measured):
        if one.measure.value is not None:
            nvls = {True: ", NVLS", False: ", no NVLS", None: ""}[one.measure.nvls]
            many = f" over {one.measure.gpus} GPUs" if one.measure.gpus else ""
            groups.setdefault(f"{one.measure.metric} {one.measure.how}{many}{nvls}", []).append(one)
    for name, rows in groups.items():
        values = sorted(one.measure.value or 0.0 for one in rows)
        span = f"{values[0]:.4g}" + (f" to {values[-1]:.4g}" if len(values) > 1 else "")
        count = f", {len(values)} GPUs" if len(values) > 1 else ""
        yield f"{name}: {span} {unit(rows[0].measure.metric)}{count}"


def data(
    level: str, subject: Subject, verdict: Verdict, measured: Measurements | None = None
) -> dict[str, Any]:
    """The same as plain dictionaries, lists and scalars."""
    return {
        "measured": None if measured is None else measured.to_dict(),
        "verdict": verdict.level,
        "level": level,
        "gpus": gpus(subject),
        "proof": verdict.proof,
        "findings": [dataclasses.asdict(seen) for seen in verdict.observations],
        "left_out": [dataclasses.asdict(item) for item in verdict.left_out],
        "passed": list(verdict.passed),
    }


def junit(hosts: Mapping[str, Mapping[str, Any]]) -> str:
    """JUnit's XML: a suite per host, a case per check.

    UNKNOWN is an error, WARN and CRITICAL are failures.

    Args:
        hosts: What `data` gave, by host; one that could not be read has ``why``.
    """
    return xml("gpuwright verify", {host: _cases(told) for host, told in hosts.items()})


def _cases(told: Mapping[str, Any]) -> Iterator[Case]:
    if "why" in told:
        yield Case("reached", [Said("error", told["why"])])
        return
    for check in NAMES:
        bad = [f for f in told["findings"] if f["check"] == check]
        left = [item for item in told["left_out"] if item["check"] == check]
        if bad:
            yield Case(check, [_said(found) for found in bad])
        elif left:
            yield Case(check, [Said("skipped", "; ".join(item["why"] for item in left))])
        elif check in told["passed"]:
            yield Case(check)


def _said(found: Mapping[str, Any]) -> Said:
    at = f" {found['gpu']}" if found["gpu"] else ""
    return Said(
        "error" if found["level"] == "UNKNOWN" else "failure",
        f"{found['code']} {found['level']}{at}: {found['what']}",
        found["code"],
        f"{found['observed']}; {found['action']}: {found['remedy']}",
    )
