"""The mirrors of the host at hand: asked where something is still to be fetched, and settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository
from stacks.resolve import resolve
from tasks.containers import engine_state
from tasks.host import needs
from tasks.host.resolution import question
from tasks.mirrors import questions, settling, standing
from tasks.python import locks
from tasks.steps.refusal import Refused
from tasks.verify.parts import parts


def settled(host: Host, state: HostState, plan: Plan, containers: bool) -> bool:
    """`settling.settled` for what of this plan is still to come.

    Raises:
        Refused: MIRROR-NONE: of a kind not one can be used.
        ValueError: Host data are not as expected.
    """
    if not any(one.left[1:] for one in standing.of_host(host).values()):
        return False
    stack, profile, known = question(state, host.data, containers=containers)

    def plan_with(mirrors: Mapping[str, str]) -> Plan:
        found = resolve(stack, replace(profile, indexes=mirrors), known)
        if found.plan is None:
            raise Refused(*found.conflicts)
        return found.plan

    wants = settling.Wants(plan_with, _lock(host, plan), state.pip_index)
    return settling.settled(host, wants, _due(state, plan))


def next_one(
    host: Host, plan: Plan, unusable: Iterable[Repository], conflicts: Iterable[Conflict]
) -> bool:
    """Give up the mirrors of these repositories, and those that lack versions; whether one is next.

    A mirror whose key is not trusted is given up like one that is dead: nothing came from it yet.
    """
    listed = tuple(conflicts)
    against = {repository.source: _why(repository, listed) for repository in unusable}
    for repository in plan.repositories:
        for one in listed:
            if any(f"{{{repository.source}: ADDRESS}}" in remedy for remedy in one.remedies):
                against.setdefault(repository.source, f"{one.code}: {one.what}")
    given_up = [standing.failed(host, kind, why) for kind, why in against.items()]
    return any(given_up)


def _why(repository: Repository, conflicts: tuple[Conflict, ...]) -> str:
    told = (f"{c.code}: {c.why}" for c in conflicts if repository.address in f"{c.what} {c.why}")
    return next(told, "it does not answer as it must")


def _due(state: HostState, plan: Plan) -> set[str]:
    """The kinds out of which something is still to come to this host."""
    coming = {part.name for part in parts(state, plan) if part.to_come}
    found: set[str] = set()
    if "torch" in coming:
        found |= {*questions.WHEELS}
    if coming & {"CUDA", "cuDNN"}:
        found |= {"redist", "pypi"}
    if needs.needed(state, plan) or engine_state.to_come(state, plan):
        found |= {repository.source for repository in plan.repositories}
    return found


def _lock(host: Host, plan: Plan) -> str:
    try:
        return locks.text(host.data, plan.torch.lock) if plan.torch else ""
    except OSError:
        return ""  # LOCK-MISSING refuses the host, where it matters
