"""Hosts against each other: the majority of a group, who is the same, and who differs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.drift.reading import Reading

LEAST = 3
"""Readings that a majority stands on: of two hosts that differ, neither is the rule."""


@dataclass(frozen=True)
class Kind:
    """Hosts of a group that are the same in every component that is known of them."""

    hosts: tuple[str, ...]
    differs: Mapping[str, str]
    """Component to what they have other than the majority."""


@dataclass(frozen=True)
class Group:
    """Hosts that should be alike."""

    name: str
    hosts: tuple[str, ...]
    majority: Mapping[str, str]
    """Component to what more than half of those that tell have; others have no majority."""
    counts: Mapping[str, tuple[int, int]]
    """Component to how many have that, and how many tell at all."""
    astray: frozenset[str]
    """Components in which the majority is not as planned: who differs there may be right."""
    kinds: tuple[Kind, ...]
    """The largest first."""
    silent: tuple[str, ...]
    """Hosts of which nothing was ever read."""

    @property
    def like(self) -> str:
        """A host that is as most are; empty: there is none."""
        return next((k.hosts[0] for k in self.kinds if not k.differs), "")


def grouped(readings: Iterable[Reading]) -> tuple[Group, ...]:
    """The groups by name, with their majorities."""
    members: dict[str, list[Reading]] = {}
    for reading in readings:
        members.setdefault(reading.group, []).append(reading)
    return tuple(_group(name, members[name]) for name in sorted(members))


def _group(name: str, members: Sequence[Reading]) -> Group:
    told: dict[str, Counter[str]] = {}
    for reading in members:
        for component, value in actual(reading).items():
            told.setdefault(component, Counter())[value] += 1
    majority, counts = {}, {}
    for component, values in told.items():
        value, count = values.most_common(1)[0]
        all_of_them = values.total()
        if all_of_them >= LEAST and 2 * count > all_of_them:
            majority[component] = value
            counts[component] = (count, all_of_them)
    kinds: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for reading in members:
        if reading.components:
            kinds.setdefault(tuple(sorted(actual(reading).items())), []).append(reading.host)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), sorted(item[1])))
    return Group(
        name,
        tuple(sorted(reading.host for reading in members)),
        majority,
        counts,
        frozenset(
            component
            for component, value in majority.items()
            for reading in members
            if (own := reading.components.get(component)) is not None
            and own.actual == value
            and own.as_planned is False
        ),
        tuple(Kind(tuple(sorted(hosts)), other_than(dict(v), majority)) for v, hosts in ordered),
        tuple(sorted(reading.host for reading in members if not reading.components)),
    )


def other_than(values: Mapping[str, str], majority: Mapping[str, str]) -> dict[str, str]:
    """What a host has other than the majority. What is not known of it is no difference."""
    return {
        component: value
        for component, value in values.items()
        if component in majority and value != majority[component]
    }


def actual(reading: Reading) -> dict[str, str]:
    """Component to what is there, of those that are known."""
    return {
        name: component.actual
        for name, component in reading.components.items()
        if component.actual is not None
    }
