"""The report as data: what ``report.json`` holds, and what every other form is made from. Pure.

Its schema is ``report.schema.json`` beside this file; ``docs/report.md`` explains it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks import finding
from tasks.drift import differences
from tasks.drift.differences import Change, Difference
from tasks.drift.groups import Group, grouped
from tasks.drift.history import SCHEMA
from tasks.drift.reading import Reading, as_data
from tasks.finding import Finding, Level
from tasks.steps.record import TOOL

SAME, DIFFERS, CRITICAL, UNKNOWN = 0, 1, 2, 3
ORDER: tuple[Level, ...] = ("CRITICAL", "UNKNOWN", "WARN", "OK")
"""The worst first."""


@dataclass(frozen=True)
class Report:
    """All that is said of a fleet at one time."""

    made_at: str
    inventory: str
    """As it was named; empty: no inventory was."""
    readings: tuple[Reading, ...]
    """The worst first, then by how much they differ, then by name."""
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """What could not be read, one line each."""

    @property
    def counts(self) -> dict[Level, int]:
        """Verdict to its hosts, the worst first."""
        found = Counter(reading.verdict for reading in self.readings)
        return {level: found[level] for level in ORDER}

    @property
    def verdict(self) -> Level:
        """The worst of all hosts; UNKNOWN where there is none."""
        if not self.readings:
            return "UNKNOWN"
        return finding.worst(tuple(Finding("", r.verdict, "", "", "") for r in self.readings))

    @property
    def status(self) -> int:
        """The exit status: 0 same, 1 differs, 2 critical, 3 unknown; 2 before 3 before 1."""
        worst = self.verdict
        if worst == "CRITICAL":
            return CRITICAL
        if worst == "UNKNOWN":
            return UNKNOWN
        return DIFFERS if self.differences or worst == "WARN" else SAME


def made(
    readings: Iterable[Reading],
    earlier: Mapping[str, Reading],
    at: str,
    inventory: str = "",
    notes: Iterable[str] = (),
) -> Report:
    """The report on these hosts.

    Args:
        readings: One of each host.
        earlier: The reading before it, by host.
        at: Now, in UTC.
        inventory: As it was named, for commands.
        notes: What could not be read.
    """
    every = sorted(readings, key=lambda reading: reading.host)
    groups = grouped(every)
    changes = differences.changed(every, earlier)
    differ = differences.of_fleet(every, groups, changes, inventory)
    many = Counter(difference.host for difference in differ)
    every.sort(key=lambda r: (ORDER.index(r.verdict), -many[r.host], r.host))
    return Report(at, inventory, tuple(every), groups, differ, changes, tuple(notes))


def data(report: Report) -> dict[str, Any]:
    """The report as ``report.json`` holds it."""
    return {
        "schema": SCHEMA,
        "tool": TOOL,
        "made_at": report.made_at,
        "inventory": report.inventory,
        "verdict": report.verdict,
        "status": report.status,
        "counts": dict(report.counts),
        "hosts": {reading.host: as_data(reading) for reading in report.readings},
        "groups": {group.name: _group(group) for group in report.groups},
        "differences": [_object(item) for item in report.differences],
        "changes": [_object(item) for item in report.changes],
        "notes": list(report.notes),
    }


def _object(item: Difference | Change) -> dict[str, Any]:
    values = dataclasses.asdict(item).items()
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


def _group(group: Group) -> dict[str, Any]:
    return {
        "hosts": list(group.hosts),
        "majority": dict(group.majority),
        "counts": {name: list(pair) for name, pair in group.counts.items()},
        "kinds": [{"hosts": list(k.hosts), "differs": dict(k.differs)} for k in group.kinds],
        "silent": list(group.silent),
    }
