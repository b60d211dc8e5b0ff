"""In what a host is not as planned, not as its group, and not as it was. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.drift import remedies
from tasks.drift.groups import Group, actual, other_than
from tasks.drift.reading import Moved, Reading

Against = Literal["plan", "group"]


@dataclass(frozen=True)
class Difference:
    """One component of one host that is not as it should be."""

    host: str
    component: str
    against: tuple[Against, ...]
    """``plan``, ``group``, or both."""
    actual: str
    expected: str
    """By the plan, else by the majority."""
    fix: str
    adopt: str
    since: str = ""
    """When it changed, where that is known."""
    moved_by: str = ""


@dataclass(frozen=True)
class Change:
    """One component of one host that is not as it was."""

    host: str
    component: str
    before: str
    after: str
    since: str
    """When the last package of it moved; empty: that is not known."""
    last_seen: str
    """When it was still as before."""
    moved_by: str = ""
    """``unattended-upgrades``, a command, a person; empty: no log says it."""
    packages: tuple[str, ...] = ()
    """``libcuda1 580.95.05 → 580.105.08``."""


def of_fleet(
    readings: Iterable[Reading],
    groups: Iterable[Group],
    changes: Iterable[Change],
    inventory: str,
) -> tuple[Difference, ...]:
    """All differences, by host and in the order of its components.

    Args:
        readings: One of each host.
        groups: As `tasks.drift.groups.grouped` gives them.
        changes: As `changed` gives them: they say since when.
        inventory: As it was named, for commands.
    """
    by_name = {group.name: group for group in groups}
    since = {(change.host, change.component): change for change in changes}
    return tuple(
        difference
        for reading in sorted(readings, key=lambda reading: reading.host)
        for difference in _of_host(reading, by_name[reading.group], since, inventory)
    )


def _of_host(
    reading: Reading,
    group: Group,
    since: Mapping[tuple[str, str], Change],
    inventory: str,
) -> Iterator[Difference]:
    others = other_than(actual(reading), group.majority)
    for name, component in reading.components.items():
        against: list[Against] = []
        if component.as_planned is False:
            against.append("plan")
        right = component.as_planned is True and name in group.astray
        if name in others and not right:
            against.append("group")
        if not against:
            continue
        like = group.like if group.like != reading.host else ""
        majority = "" if "plan" in against else group.majority[name]
        ways = remedies.ways(name, reading.host, reading.deploy, inventory, like, majority)
        change = since.get((reading.host, name))
        yield Difference(
            reading.host,
            name,
            tuple(against),
            component.actual or "not known",
            (component.planned if "plan" in against else group.majority.get(name)) or "not known",
            ways.fix,
            ways.adopt,
            change.since or change.last_seen if change else "",
            change.moved_by if change else "",
        )


def changed(readings: Iterable[Reading], earlier: Mapping[str, Reading]) -> tuple[Change, ...]:
    """What of each host is not as it was, by host.

    Args:
        readings: One of each host, as it is now.
        earlier: The reading before it, by host. A host or a component that it does not know has
            not changed.
    """
    found = []
    for reading in sorted(readings, key=lambda reading: reading.host):
        before = earlier.get(reading.host)
        if before is None or not reading.answered or reading.read_at <= before.read_at:
            continue
        old = actual(before)
        for component, now in actual(reading).items():
            if component in old and old[component] != now:
                found.append(_change(reading, before, component, old[component], now))
    return tuple(found)


def _change(reading: Reading, before: Reading, component: str, old: str, now: str) -> Change:
    row = remedies.of(component)
    moves = [
        move
        for move in reading.moves
        if before.read_at <= move.at <= reading.read_at and row.moves(move.package)
    ]
    last = max(moves, key=lambda move: move.at, default=None)
    return Change(
        *(reading.host, component, old, now),
        last.at if last else "",
        before.read_at,
        last.by if last else "",
        tuple(map(_told, moves[-8:])),
    )


def _told(move: Moved) -> str:
    return f"{move.package} {move.before or 'not there'} → {move.after or 'gone'}"
