"""Ask the planned repositories before anything is touched who they are, and what they offer.

Asked only while something of the plan is still to be installed: a later run makes no further
round trip.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from facts.model import HostState
from facts.parse.repository import RepositoryAnswer
from facts.repository import RepositoryOffers
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository
from tasks.containers import engine_packages
from tasks.cuda import cudnn, toolkit
from tasks.driver import operations as driver
from tasks.jetson import operations as jetson
from tasks.repositories import files as repository_files
from tasks.repositories import trust
from tasks.steps.step import ask, this_host

Available = Mapping[str, tuple[str, ...]]

_checked: WeakKeyDictionary[Host, dict[Repository, bytes]] = WeakKeyDictionary()


def needed(state: HostState, plan: Plan) -> bool:
    """Whether a repository, or something out of it, is still to be brought to the host."""
    if not plan.repositories:
        return False
    return bool(
        due(state, plan)
        or (plan.driver and driver.missing_packages(state, plan.driver))
        or (plan.cuda and not toolkit.complete(state, plan.cuda))
        or (plan.cudnn and not cudnn.complete(state, plan.cudnn))
        or (plan.torch and jetson.missing_needs(state, plan.torch))
        or engine_packages.to_come(state, plan)
    )


def due(state: HostState, plan: Plan) -> list[Repository]:
    """Repositories of the plan whose files on the host are not as they should be."""
    return [r for r in plan.repositories if repository_files.of(r).due(state, r)]


def asked(plan: Plan) -> tuple[Available, tuple[Conflict, ...]]:
    """What the plan's repositories offer of its packages, and what speaks against them.

    Keys without objection are remembered for `keyring`.
    """
    names = wanted(plan)
    answers: tuple[RepositoryAnswer, ...] | None = ask(
        RepositoryOffers,
        repositories=tuple(
            (r.kind, r.key_address, r.index, r.packages_index) for r in plan.repositories
        ),
        packages=names,
    )
    if answers is None:  # the host was lost, and pyinfra has said so
        return {}, (_lost(plan),)
    conflicts: list[Conflict] = []
    offered: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    for repository, answer in zip(plan.repositories, answers, strict=True):
        objections = trust.objections(repository, answer, time.time())
        conflicts += objections
        if objections:
            continue
        _checked.setdefault(this_host(), {})[repository] = trust.keyring(answer)
        for name, versions in answer.versions.items():
            offered[name] = (*offered[name], *versions)
    return offered, tuple(conflicts)


def wanted(plan: Plan) -> tuple[str, ...]:
    """Packages of the plan that come from one of its repositories, in a version that it names."""
    parts = (p for p in (plan.driver, plan.cuda, plan.cudnn) if p and p.origin == "nvidia")
    names = {name for part in parts for name in part.versions}
    if plan.driver and plan.driver.origin == "nvidia":
        names |= set(plan.driver.pinning)
    names |= {name for part in engine_packages.parts(plan) for name in part.versions}
    if plan.torch:
        names |= {name for name, version in plan.torch.needs.items() if version}
    return tuple(sorted(names))


def keyring(plan: Plan, repository: Repository) -> bytes | tuple[Conflict, ...]:
    """The repository's keys, checked in this run, now if not before; or what speaks against it."""
    known = _checked.get(this_host(), {})
    if repository not in known:
        conflicts = asked(plan)[1]
        known = _checked.get(this_host(), {})
        if repository not in known:
            return conflicts
    return known[repository]


def _lost(plan: Plan) -> Conflict:
    return Conflict(
        "REPO-UNREACHABLE",
        "the host did not answer when it was asked to read the plan's repositories",
        ", ".join(r.address for r in plan.repositories),
        ("run this again",),
        trust.SOURCE,
    )
