"""Ask the planned repositories before anything is touched who they are, and what they offer.

Asked only while something of the plan is still to be installed: a later run makes no further
round trip.
"""

from __future__ import annotations

import time
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from facts.parse.repository import RepositoryAnswer
from facts.repository import RepositoryOffers
from stacks.model import address
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository
from tasks.repositories import trust
from tasks.repositories.files import Available
from tasks.steps import around
from tasks.steps.step import fact, this_host
from tasks.templates import logins

_checked: WeakKeyDictionary[Host, dict[Repository, bytes]] = WeakKeyDictionary()


def asked(plan: Plan, names: tuple[str, ...] = ()) -> tuple[Available, tuple[Conflict, ...]]:
    """What the plan's repositories offer of these packages, and what speaks against them.

    Keys without a conflict are remembered for `keyring`.
    """
    answers: tuple[RepositoryAnswer, ...] | None = fact(
        RepositoryOffers,
        repositories=tuple(
            (r.kind, *map(address.bare, (r.key_address, r.index, r.packages_index)))
            for r in plan.repositories
        ),
        packages=names,
        _stdin=logins.Unsaid(f"{_login(r)}\n" for r in plan.repositories),
        surroundings=around.file(this_host()),
    )
    if answers is None:  # the host was lost, and pyinfra has said so
        return {}, (_lost(plan),)
    conflicts: list[Conflict] = []
    offered: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    for repository, answer in zip(plan.repositories, answers, strict=True):
        against = trust.conflicts(repository, answer, time.time())
        conflicts += against
        if against:
            continue
        _checked.setdefault(this_host(), {})[repository] = trust.keyring(answer)
        for name, versions in answer.versions.items():
            offered[name] = (*offered[name], *versions)
    return offered, tuple(conflicts)


def unusable(plan: Plan) -> tuple[Repository, ...]:
    """The plan's repositories that did not answer as they must when they were asked in this run."""
    known = _checked.get(this_host(), {})
    return tuple(repository for repository in plan.repositories if repository not in known)


def keyring(plan: Plan, repository: Repository) -> bytes | tuple[Conflict, ...]:
    """The repository's keys, checked in this run, now if not before; or what speaks against it."""
    known = _checked.get(this_host(), {})
    if repository not in known:
        conflicts = asked(plan)[1]
        known = _checked.get(this_host(), {})
        if repository not in known:
            return conflicts
    return known[repository]


def _login(repository: Repository) -> str:
    """For all of its server: the key may lie beside its folder."""
    if repository.kind == "dnf":
        return logins.for_curl(repository.address)
    return logins.for_apt(urljoin(repository.address, "/"))


def _lost(plan: Plan) -> Conflict:
    return Conflict(
        "REPO-UNREACHABLE",
        "the host did not answer when it was asked to read the plan's repositories",
        ", ".join(r.address for r in plan.repositories),
        ("run this again",),
        trust.SOURCE,
    )
