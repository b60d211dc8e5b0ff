"""The mirrors of a host are asked, one of each kind is chosen, and ways round it are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from pyinfra.api.host import Host

from facts.parse.mirrors import MirrorReading
from stacks.catalog.read import load_catalog
from stacks.model.image import ImagePlan
from stacks.model.plan import Plan
from tasks.hostdata.mirrors import Candidate
from tasks.mirrors import asking, choice, questions, standing
from tasks.mirrors.choice import Choice
from tasks.mirrors.judge import judged
from tasks.mirrors.questions import Question
from tasks.steps.refusal import Refused

_MOST_WAYS = 8
"""Ways round a mirror that fails in the middle of a job: each may cost minutes."""
_MOST_PLANS = 64
"""That are made to find them; many are alike."""


@dataclass(frozen=True)
class Wants:
    """What is to be fetched, and by whom."""

    plan: Callable[[Mapping[str, str]], Plan | ImagePlan]
    """The plan that takes these kinds from there, and the others from their makers."""
    lock: str
    """Text of the lock that the wheels are of."""
    default: str | None
    """The package index of the settings of who fetches; None: nobody knows it here."""
    ask: Callable[[Sequence[Question]], Sequence[MirrorReading] | None] = asking.asked
    """Asks from the network of who fetches; None: it was lost, which has been said."""


def settled(host: Host, wants: Wants, kinds: Iterable[str] = questions.ALL) -> bool:
    """Choose a mirror of each kind of which several are left and something is wanted.

    One that an earlier run has chosen is asked alone, and the others only where it is good no more.

    Args:
        host: The host whose data name the mirrors.
        wants: What is to be fetched.
        kinds: Those out of which something is still to come.

    Returns:
        Whether anything was asked: the plan is to be made again then.

    Raises:
        Refused: MIRROR-NONE: of a kind not one can be used.
        ValueError: Host data are not as expected.
    """
    made = standing.of_host(host)
    several = {kind: one for kind, one in made.items() if kind in {*kinds} and one.left[1:]}
    if not several:
        return False
    taken = questions.wanted_kinds(wants.plan(questions.marked()))
    due = {kind: one for kind, one in several.items() if kind in taken}
    if not due:
        return False
    kept = {kind: one.left[:1] for kind, one in due.items() if one.kept}
    new = {kind: one.left for kind, one in due.items() if not one.kept}
    found = _asked(wants, {**kept, **new})
    if again := {kind: due[kind].left for kind in kept if not found[kind].kept}:
        found |= _asked(wants, again)
    for kind in kept:
        if found[kind].kept:  # the others were not asked, and stay in their order
            found[kind] = replace(found[kind], left=due[kind].left)
    standing.take(host, found.values())
    if empty := [one for one in found.values() if one.chosen is None]:
        raise Refused(*map(choice.none_left, empty))
    standing.go_round(host, _ways(host, wants))
    return True


def _asked(wants: Wants, wanted: Mapping[str, tuple[Candidate, ...]]) -> dict[str, Choice]:
    """The choice of each kind among these, asked in one round trip."""
    torch_kind = questions.torch_kind(wants.plan(questions.marked()))
    pairs: dict[str, list[tuple[Candidate, Question | None]]] = {}
    for kind, candidates in wanted.items():
        pairs[kind] = []
        for one in candidates:
            plan = wants.plan({kind: one.address} if one.address else {})
            asks = questions.question(one, plan, wants.lock, torch_kind, wants.default)
            pairs[kind].append((one, asks))
    asks_all = [asks for listed in pairs.values() for _, asks in listed if asks]
    told = wants.ask(asks_all) if asks_all else ()
    answers = iter(told if told is not None else [MirrorReading(left="time")] * len(asks_all))
    known = load_catalog().mirrors
    found = {}
    for kind, listed in pairs.items():
        readings = [next(answers) for _, asks in listed if asks]
        rows = known.mirrors.get(kind, {}).values()
        own = {row.address: row.own_files for row in rows if row.address}
        seen = judged(listed, readings, known.upstream_sites.get(kind, ()), own)
        before = listed[0][0] if len(listed) == 1 else None
        found[kind] = choice.chosen(kind, seen, before)
    return found


def _ways(host: Host, wants: Wants) -> standing.Ways:
    """What a job goes on with where a mirror fails while it runs."""
    left = {kind: one.left for kind, one in standing.of_host(host).items()}
    wheels = [kind for kind in questions.WHEELS if kind in left]
    orders = product(*(range(len(left[kind])) for kind in wheels))
    indexes: dict[tuple[str, str], None] = {}
    # First those that leave the fewest of the chosen mirrors.
    for places in sorted(orders, key=sum)[:_MOST_PLANS]:
        at = {kind: left[kind][place].address for kind, place in zip(wheels, places, strict=True)}
        torch = wants.plan({kind: address for kind, address in at.items() if address}).torch
        if torch is not None:
            indexes[torch.default_index or "", torch.index or ""] = None
    found = [
        wants.plan({"redist": one.address} if one.address else {}) for one in left.get("redist", ())
    ]
    return standing.Ways(
        indexes=tuple(indexes)[1 : _MOST_WAYS + 1],
        cuda=tuple(p.cuda.downloads[0].base for p in found[1:] if p.cuda and p.cuda.downloads),
        cudnn=tuple(p.cudnn.download.base for p in found[1:] if p.cudnn and p.cudnn.download),
    )
