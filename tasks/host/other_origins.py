"""Where a plan's parts come from when its repositories cannot be used: a way on, in words. Pure.

An origin is never changed silently: it decides which driver a host has and for how long that one is
maintained. So the host is refused, and its data name the other origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from stacks.catalog.read import Catalog
from stacks.follow import followed
from stacks.load import StackError
from stacks.model.change import Change, Value, Way
from stacks.model.host import HostProfile
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository
from stacks.model.requests import Stack
from stacks.resolve import resolve
from stacks.rules.support import FATAL

_CHOICES = ("driver_branch", "driver_version", "driver_flavour")
"""Host data that another origin's driver may not meet."""


def named(
    conflicts: Iterable[Conflict],
    unusable: Iterable[Repository],
    plan: Plan,
    question: tuple[Stack, HostProfile, Catalog],
) -> tuple[Conflict, ...]:
    """The conflicts of repositories, each with the origins that need none of them as a last way.

    Args:
        conflicts: What speaks against the repositories.
        unusable: The repositories that could not be read, or must not be trusted.
        plan: The plan that takes from them.
        question: What the resolver was asked.
    """
    way = _way({repository.address for repository in unusable}, plan, *question)
    if way is None:
        return tuple(conflicts)
    return tuple(
        replace(
            conflict,
            remedies=(*conflict.remedies, str(way)),
            changes=(*(conflict.changes or (None,) * len(conflict.remedies)), way.change),
        )
        for conflict in conflicts
    )


def _way(
    unusable: set[str], plan: Plan, stack: Stack, profile: HostProfile, catalog: Catalog
) -> Way | None:
    """The change of the fewest host data with which the plan takes nothing from these addresses."""
    for change in _changes(plan, stack, profile, catalog):
        try:
            other = resolve(*followed(stack, profile, change), catalog).plan
        except StackError:
            continue
        if other is None or unusable & {repository.address for repository in other.repositories}:
            continue
        if any(notice.code in FATAL for notice in other.notices):
            continue
        told = ""
        if "driver_origin" in change.data and other.driver:
            ends = [n.what.rstrip(".") for n in other.notices if n.code == "DRIVER-EOL"]
            told = ". ".join([f"driver {other.driver.version}", *ends])
        text = "or take from elsewhere what would come from there: {how}"
        return Way(text + (f": {told}" if told else ""), change)
    return None


def _changes(plan: Plan, stack: Stack, profile: HostProfile, catalog: Catalog) -> Iterator[Change]:
    """Other origins of those parts that come from a repository of the plan, fewest first."""
    dist = catalog.distributions.get(profile.os)
    if dist is None:
        return
    origins: dict[str, tuple[str, ...]] = {}
    if plan.driver and plan.driver.origin == "nvidia":
        origins["driver_origin"] = tuple(offer.origin for offer in dist.drivers)
    if plan.cuda and plan.cuda.origin == "nvidia":
        origins["cuda_origin"] = tuple(offer.origin for offer in dist.cuda)
    if plan.cudnn and plan.cudnn.origin == "nvidia":
        origins["cudnn_origin"] = dist.cudnn
    if plan.containers and any(e.origin == "docker" for e in plan.containers.engines):
        origins["docker_origin"] = ("distribution",)
    others = [
        (None, *(o for o in dict.fromkeys(found) if o not in ("nvidia", "docker")))
        for found in origins.values()
    ]
    combinations = [c for c in product(*others) if any(c)]
    said = [name for name in _CHOICES if name in stack.said]
    for chosen in sorted(combinations, key=lambda c: sum(o is not None for o in c)):
        data: dict[str, Value] = {n: o for n, o in zip(origins, chosen, strict=True) if o}
        yield Change(data)
        if "driver_origin" in data and said:
            yield Change({**data, **dict.fromkeys(said)})
