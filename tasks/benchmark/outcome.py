"""What came of a benchmark: every figure compared, and what makes the answer doubtful. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.benchmark.intervals import Compared, compared
from tasks.benchmark.metrics import METRICS, Metric
from tasks.benchmark.readings import Reading
from tasks.benchmark.sameness import Difference, differences
from tasks.finding import Finding, Level, worst

ALIKE = 0.02
"""Of the loss after the same steps: kernels of one version may add up in another order."""
IDLE = 0.25
"""Load average by processor, before a run, above which other work is told."""


@dataclass(frozen=True)
class Measured:
    """Two sides and all their runs."""

    names: tuple[str, str]
    rows: tuple[Sequence[Reading], Sequence[Reading]]
    """The counted runs of each side, in the order in which they were made."""
    same: tuple[Mapping[str, str], Mapping[str, str]]
    """What may differ, as each side read it in the run that warmed it up."""
    asked: int = 0
    """Runs of each side that were asked for; fewer are there where it was cut short."""


@dataclass(frozen=True)
class Outcome:
    """What is told of it."""

    names: tuple[str, str]
    runs: tuple[int, int]
    tiny: bool
    differences: tuple[Difference, ...]
    compared: Mapping[str, Compared]
    """By metric; one that neither side has is not there."""
    values: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    """By metric: all values of both sides, in the order in which they were measured."""
    left_out: Mapping[str, str]
    wrong: tuple[str, ...] = ()
    """Results that were checked and were not right, in words."""
    doubts: tuple[str, ...] = ()
    levels: tuple[Level, ...] = field(default=("OK",))

    @property
    def level(self) -> Level:
        """The worst that is in it."""
        return worst_of(self.levels)

    def causes(self, metric: Metric) -> tuple[Difference, ...]:
        """The printed differences that can be why this figure differs."""
        return tuple(d for d in self.differences if d.moves(metric))


def worst_of(levels: Sequence[Level]) -> Level:
    """The level of the whole."""
    return worst(tuple(Finding("", level, "", "", "") for level in levels))


def outcome(measured: Measured) -> Outcome:
    """Compare all that was measured."""
    values = {
        metric.name: rows for metric in METRICS if any(rows := _rows(measured.rows, metric.name))
    }
    found = {
        metric.name: compared(
            *values[metric.name], metric.kind, among=len(values), names=measured.names
        )
        for metric in METRICS
        if metric.name in values
    }
    runs = [reading for row in measured.rows for reading in row]
    wrong = tuple(dict.fromkeys((*_wrong(measured), *_apart(measured))))
    doubts = tuple(dict.fromkeys((*_faults(measured), *_short(measured), *_busy(measured))))
    levels: list[Level] = ["OK"]
    if wrong:
        levels.append("CRITICAL")
    if not found or all(one.differs is None for one in found.values()):
        levels.append("UNKNOWN")
    if doubts or any(one.doubts or one.why for one in found.values()):
        levels.append("WARN")
    left_out = {name: why for reading in runs for name, why in reading.left_out.items()}
    return Outcome(
        measured.names,
        (len(measured.rows[0]), len(measured.rows[1])),
        any(reading.tiny for reading in runs),
        differences(*measured.same),
        found,
        values,
        left_out,
        wrong,
        doubts,
        tuple(levels),
    )


def _rows(
    sides: tuple[Sequence[Reading], Sequence[Reading]], name: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    first, second = (tuple(r.values[name] for r in row if name in r.values) for row in sides)
    return first, second


def _wrong(measured: Measured) -> list[str]:
    return [
        f"{name}: {metric}: its results were checked and were not right"
        for name, row in zip(measured.names, measured.rows, strict=True)
        for reading in row
        for metric in reading.wrong
    ]


def _apart(measured: Measured) -> list[str]:
    """Metrics whose sides did not compute the same."""
    found = []
    for metric in METRICS:
        sides = [
            [r.losses[metric.name] for r in row if metric.name in r.losses] for row in measured.rows
        ]
        if not all(sides):
            continue
        first, second = map(statistics.median, sides)
        if abs(second - first) > ALIKE * max(abs(first), abs(second)):
            found.append(
                f"{metric.name}: the sides came to other results: {first:.4g} and {second:.4g}"
            )
    return found


def _faults(measured: Measured) -> list[str]:
    return [
        f"{name}: {fault}"
        for name, row in zip(measured.names, measured.rows, strict=True)
        for reading in row
        for fault in reading.faults
    ]


def _short(measured: Measured) -> list[str]:
    return [
        f"{name}: {len(row)} of {measured.asked} runs were made"
        for name, row in zip(measured.names, measured.rows, strict=True)
        if len(row) < measured.asked
    ]


def _busy(measured: Measured) -> list[str]:
    """Other work on the host, told by its load before the first run."""
    found = []
    for name, row, same in zip(measured.names, measured.rows, measured.same, strict=True):
        count = same.get("processors", "")
        if not row or row[0].load is None or not count.isascii() or not count.isdigit():
            continue
        load = max((r.load or 0.0) for r in row[:1])
        if load > IDLE * max(1, int(count)) and load > 1:
            found.append(
                f"{name}: the load average was {load:.1f} on {count} processors before the first "
                "counted run: other work takes part of what is measured"
            )
    return found
