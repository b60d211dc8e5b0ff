"""In what two sides differ, and which figures that can move. Pure.

It is told before any figure: a difference in speed between sides that are not the same says nothing
of containers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacks.catalog.decode import load
from tasks.benchmark.metrics import Group, Metric

ABSENT = "nothing"
MOST_NAMED = 6
"""Wheels that one side alone has, by name; the others are counted."""


@dataclass(frozen=True)
class Cause:
    """What names of this pattern can move."""

    pattern: str
    groups: tuple[Group, ...]
    why: str
    source: str
    usual: bool
    """Of a container beside its host it is always so."""


@dataclass(frozen=True)
class Causes:
    """``causes.yaml``."""

    date: str
    rows: tuple[Cause, ...]


@dataclass(frozen=True)
class Difference:
    """Something that is not the same on both sides."""

    name: str
    first: str
    second: str
    cause: Cause | None = None

    def moves(self, metric: Metric) -> bool:
        """Whether it can be why this figure differs."""
        return self.cause is not None and metric.group in self.cause.groups


@functools.cache
def causes() -> Causes:
    """The table. Raises `SchemaError` with file and line."""
    return load(Path(__file__).parent / "causes.yaml", Causes, "tasks/benchmark/causes.yaml")


def cause_of(name: str) -> Cause | None:
    """The first row that fits; None: nothing is known of it."""
    return next((row for row in causes().rows if re.fullmatch(row.pattern, name)), None)


def differences(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Difference, ...]:
    """What is not the same, in the order of the table; what can move figures comes first.

    Wheels that one side alone has are one line, but for those that torch computes with.
    """
    found: list[Difference] = []
    alone: tuple[list[str], list[str]] = ([], [])
    for name in sorted({*first, *second}):
        values = first.get(name, ABSENT), second.get(name, ABSENT)
        if values[0] == values[1]:
            continue
        cause = cause_of(name)
        if name.startswith("wheel ") and ABSENT in values and cause and not cause.groups:
            alone[values.index(ABSENT) ^ 1].append(name.removeprefix("wheel "))
            continue
        found.append(Difference(name, *values, cause))
    if any(alone):
        row = cause_of("wheel of-no-weight")
        sides = _named(alone[0]), _named(alone[1])
        found.append(Difference("wheels of one side alone", *sides, row))
    rows = causes().rows
    place = {id(row): number for number, row in enumerate(rows)}
    return tuple(
        sorted(
            found,
            key=lambda d: (
                d.cause is not None and not d.cause.groups,
                place.get(id(d.cause), len(rows)),
                d.name,
            ),
        )
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more if names else ABSENT
