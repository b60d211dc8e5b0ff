"""Ways round a repository that cannot be used: each of them is a plan, and none is silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stacks.follow import followed
from stacks.model.host import Gpu, HostProfile
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from stacks.model.requests import Stack
from stacks.requests import with_requests
from stacks.resolve import resolve
from tasks.host import other_origins
from tests.unit.stacks.hosts import CATALOG, stack_of

DEAD = Conflict("REPO-UNREACHABLE", "the host cannot read it", "why", ("a mirror",), "source")

ASKED: tuple[dict[str, Any], ...] = (
    {"driver_branch": "580"},
    {"cuda_origin": "nvidia"},
    {"docker_origin": "docker"},
)


def asked(
    system: str, gpu: str = "t4", containers: bool = False, **data: Any
) -> tuple[Stack, HostProfile, Plan] | None:
    """A host's question, with its plan, where that takes something from a repository."""
    stack = with_requests(stack_of("pytorch-2.9"), data, containers)
    profile = HostProfile(system, "x86_64", gpus=(Gpu(gpu),))
    plan = resolve(stack, profile, CATALOG).plan
    return (stack, profile, plan) if plan and plan.repositories else None


def named(
    stack: Stack, profile: HostProfile, plan: Plan, only: str | None = None
) -> tuple[Conflict, ...]:
    dead = [r for r in plan.repositories if only in (None, r.source)]
    return other_origins.named((DEAD,) * len(dead), dead, plan, (stack, profile, CATALOG))


def questions() -> Iterator[tuple[Stack, HostProfile, Plan]]:
    for system in CATALOG.distributions:
        for gpu, containers in (("t4", False), ("h100", False), ("t4", True)):
            for data in ({}, *ASKED):
                if (found := asked(system, gpu, containers, **data)) is not None:
                    yield found


def test_every_way_is_a_plan_that_takes_nothing_from_what_cannot_be_used() -> None:
    tried = set()
    for stack, profile, plan in questions():
        for only in {r.source for r in plan.repositories}:
            for conflict in named(stack, profile, plan, only):
                if conflict.remedies == DEAD.remedies:
                    continue
                *_, text = conflict.remedies
                *_, change = conflict.changes
                assert change is not None and change.said in text
                after = resolve(*followed(stack, profile, change), CATALOG).plan
                assert after is not None, (profile, change)
                assert only not in {r.source for r in after.repositories}, (profile, change)
                tried.add((profile.os.split("-")[0], only))
    assert {("debian", "nvidia"), ("ubuntu", "nvidia"), ("debian", "docker")} <= tried


@pytest.mark.parametrize("system", ["debian-12", "debian-13"])
def test_bare_debian_is_told_that_debian_has_a_driver_and_how_long_it_is_maintained(
    system: str,
) -> None:
    found = asked(system)
    assert found is not None
    (conflict,) = named(*found)
    assert conflict.remedies[:-1] == DEAD.remedies, "the other ways stand before it"
    assert "`driver_origin: debian`" in conflict.remedies[-1]
    *_, change = conflict.changes
    assert change is not None
    after = resolve(*followed(found[0], found[1], change), CATALOG).plan
    assert after is not None and after.driver is not None
    ends = [n.what for n in after.notices if n.code == "DRIVER-EOL"]
    assert after.driver.version in conflict.remedies[-1]
    assert all(end.rstrip(".") in conflict.remedies[-1] for end in ends)


def test_what_host_data_say_of_the_driver_is_named_where_it_has_to_go() -> None:
    found = asked("debian-12", driver_branch="580")
    assert found is not None
    (conflict,) = named(*found)
    assert "without `driver_branch`" in conflict.remedies[-1]


def test_no_way_is_invented_where_every_origin_needs_the_repository() -> None:
    found = asked("debian-12", containers=True)  # the toolkit is in NVIDIA's repository alone
    assert found is not None
    for conflict in named(*found):
        assert conflict == DEAD
