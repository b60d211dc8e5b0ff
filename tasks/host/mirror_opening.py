"""The mirrors of the host at hand: asked where something is still to be fetched, and settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.parse.mirrors import MirrorReading
from stacks.catalog.read import Catalog
from stacks.model.host import HostProfile
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository
from stacks.model.requests import Stack
from stacks.resolve import resolve
from tasks.containers import engine_state
from tasks.host import needs
from tasks.host.resolution import catalog, question
from tasks.hostdata.mirrors import Candidate
from tasks.mirrors import asking, choice, questions, standing
from tasks.mirrors.judge import judged
from tasks.mirrors.questions import Question
from tasks.python import locks
from tasks.steps.refusal import Refused
from tasks.verify.parts import parts

_WHEELS = ("pypi", "pytorch", "jetson")
_MOST_WAYS = 8
"""Ways round a mirror that fails in the middle of a job: each may cost minutes."""
Asked = tuple[Stack, HostProfile, Catalog]
"""What the resolver is asked."""


def settled(host: Host, state: HostState, plan: Plan, containers: bool) -> bool:
    """Ask the mirrors of which one is still to be chosen for this plan, and choose.

    One that an earlier run has chosen is asked alone, and the others only where it is good no more.

    Returns:
        Whether anything was asked: the plan is to be made again then.

    Raises:
        Refused: MIRROR-NONE: of a kind not one can be used.
        ValueError: Host data are not as expected.
    """
    made = standing.of_host(host)
    profile_of = question(state, host.data, containers=containers)
    wanted = _due(state, plan) & questions.wanted_kinds(_plan_with(profile_of, questions.marked()))
    due = {kind: one for kind, one in made.items() if kind in wanted and one.left[1:]}
    if not due:
        return False
    kept = {kind: one.left[:1] for kind, one in due.items() if one.kept}
    new = {kind: one.left for kind, one in due.items() if not one.kept}
    lock = _lock(host, plan)
    found = _asked(state, profile_of, {**kept, **new}, lock)
    again = {kind: due[kind].left for kind in kept if not found[kind].kept}
    if again:
        found |= _asked(state, profile_of, again, lock)
    for kind in kept:
        if found[kind].kept:  # the others were not asked, and stay in their order
            found[kind] = replace(found[kind], left=due[kind].left)
    standing.take(host, found.values())
    if empty := [one for one in found.values() if one.chosen is None]:
        raise Refused(*map(choice.none_left, empty))
    standing.go_round(host, _ways(host, profile_of))
    return True


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


def _ways(host: Host, profile_of: Asked) -> standing.Ways:
    """What a job of this host goes on with where a mirror fails while it runs."""
    left = {kind: one.left for kind, one in standing.of_host(host).items()}
    wheels = [kind for kind in _WHEELS if kind in left]
    orders = product(*(range(len(left[kind])) for kind in wheels))
    indexes: dict[tuple[str, str], None] = {}
    # First those that leave the fewest of the chosen mirrors.
    for places in sorted(orders, key=sum)[: _MOST_WAYS + 1]:
        at = {kind: left[kind][place].address for kind, place in zip(wheels, places, strict=True)}
        torch = _plan_with(profile_of, at).torch
        if torch is not None:
            indexes[torch.default_index or "", torch.index or ""] = None
    plans = [_plan_with(profile_of, {"redist": one.address}) for one in left.get("redist", ())]
    return standing.Ways(
        indexes=tuple(indexes)[1:],
        cuda=tuple(p.cuda.downloads[0].base for p in plans[1:] if p.cuda and p.cuda.downloads),
        cudnn=tuple(p.cudnn.download.base for p in plans[1:] if p.cudnn and p.cudnn.download),
    )


def _asked(
    state: HostState,
    profile_of: Asked,
    wanted: dict[str, tuple[Candidate, ...]],
    lock: str,
) -> dict[str, choice.Choice]:
    """The choice of each kind among these, asked in one round trip."""
    torch_kind = _torch_kind(_plan_with(profile_of, questions.marked()))
    pairs: dict[str, list[tuple[Candidate, Question | None]]] = {}
    for kind, candidates in wanted.items():
        pairs[kind] = []
        for one in candidates:
            plan = _plan_with(profile_of, {kind: one.address})
            asks = questions.question(one, plan, lock, torch_kind, state.pip_index)
            pairs[kind].append((one, asks))
    asks_all = [asks for listed in pairs.values() for _, asks in listed if asks]
    # None: the host was lost, which has been said, and its steps will not run.
    told = asking.asked(asks_all) if asks_all else ()
    answers = iter(told if told is not None else [MirrorReading(left="time")] * len(asks_all))
    known = catalog().mirrors
    found = {}
    for kind, listed in pairs.items():
        readings = [next(answers) for _, asks in listed if asks]
        rows = known.mirrors.get(kind, {}).values()
        own = {row.address: row.own_files for row in rows if row.address}
        seen = judged(listed, readings, known.upstream_sites.get(kind, ()), own)
        before = listed[0][0] if len(listed) == 1 else None
        found[kind] = choice.chosen(kind, seen, before)
    return found


def _plan_with(profile_of: Asked, mirrors: dict[str, str]) -> Plan:
    """The plan that takes these kinds from there, and the others from their makers."""
    stack, profile, known = profile_of
    indexes = {kind: at for kind, at in mirrors.items() if at}
    asked = replace(profile, indexes=indexes)
    found = resolve(stack, asked, known)
    if found.plan is None:
        raise Refused(*found.conflicts)
    return found.plan


def _torch_kind(marked: Plan) -> str:
    """The kind that torch itself comes from, by a plan made with `questions.marked`."""
    at = (marked.torch.index or "") if marked.torch else ""
    return next((k for k, start in questions.marked().items() if at.startswith(start)), "pypi")


def _due(state: HostState, plan: Plan) -> set[str]:
    """The kinds out of which something is still to come to this host."""
    coming = {part.name for part in parts(state, plan) if part.to_come}
    found: set[str] = set()
    if "torch" in coming:
        found |= {*_WHEELS}
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
