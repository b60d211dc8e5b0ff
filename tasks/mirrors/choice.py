"""Which mirror a run takes, in which order it goes on, and what it says of it. Pure.

Host data's order is a preference. The first good one is taken, unless a later one is `TIMES` as
quick. One that an earlier run has chosen stays as long as it is good: there is no change to and fro
because of a minute's speed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from stacks.catalog.mirrors import UPSTREAM
from stacks.model.messages import Conflict
from tasks.hostdata.mirrors import Candidate
from tasks.mirrors.judge import Grade, Judged

TIMES = 2.0
"""How much quicker a later mirror must be to go before an earlier one."""
SOURCE = "docs/mirrors.md"


@dataclass(frozen=True)
class Choice:
    """The mirrors of one kind in the order in which a run tries them."""

    kind: str
    left: tuple[Candidate, ...]
    """The chosen one first; those that were refused are not among them."""
    judged: tuple[Judged, ...] = ()
    """What was seen; empty where nobody was asked."""
    kept: bool = False
    """Whether an earlier run chose it."""

    @property
    def chosen(self) -> Candidate | None:
        """The mirror that is used; None: none is left."""
        return self.left[0] if self.left else None

    def without(self, why: str) -> Choice:
        """The choice after the chosen one has failed."""
        failed = self.left[0]
        rest = tuple(one for one in self.judged if one.candidate != failed)
        return replace(
            self,
            left=self.left[1:],
            judged=(*rest, Judged(failed, Grade.REFUSED, why)),
            kept=False,
        )


def chosen(kind: str, judged: Iterable[Judged], kept: Candidate | None = None) -> Choice:
    """The choice among mirrors that were asked.

    Args:
        kind: What they are mirrors of.
        judged: The mirrors in host data's order.
        kept: The one that an earlier run chose.
    """
    seen = tuple(judged)
    usable = [one for one in seen if one.grade < Grade.REFUSED]
    ranked = sorted(usable, key=lambda one: one.grade)
    if not ranked:
        return Choice(kind, (), seen)
    best = ranked[0]
    for one in ranked[1:]:
        if one.grade == best.grade and _quicker(one, best):
            best = one
    before = next((one for one in usable if one.candidate == kept), None)
    stays = before is not None and before.grade <= Grade.UNMEASURED
    if before is not None and stays:
        best = before
    left = (best.candidate, *(one.candidate for one in ranked if one is not best))
    return Choice(kind, left, seen, stays)


def _quicker(one: Judged, other: Judged) -> bool:
    """Whether one is `TIMES` as quick as the other; of small files nobody can tell."""
    if one.rate is None or other.rate is None or not (one.telling and other.telling):
        return False
    return one.rate > TIMES * other.rate


def unasked(kind: str, candidates: tuple[Candidate, ...], recorded: str | None) -> Choice:
    """The choice without a question: the recorded one, else the preferred one.

    Args:
        kind: What they are mirrors of.
        candidates: In host data's order.
        recorded: What an earlier run noted, as `Candidate.shown` has it.
    """
    before = next((one for one in candidates if one.shown == recorded), None)
    if before is None:
        return Choice(kind, candidates)
    rest = tuple(one for one in candidates if one != before)
    return Choice(kind, (before, *rest), kept=True)


def lines(choice: Choice) -> list[str]:
    """The choice with its figures, and why the others are not it; one sentence each."""
    by = {one.candidate: one for one in choice.judged}
    if choice.chosen is None:
        return []
    mine = by.get(choice.chosen)
    figures = mine.figures if mine else ""
    told = [figures] if figures else []
    if mine and mine.why:
        told.append(mine.why)
    if choice.kept:
        told.append("chosen by an earlier run and still good")
    found = [
        f"mirror for {choice.kind}: {_named(choice.chosen)} ({'; '.join(told) or 'not asked'})"
    ]
    for one in choice.judged:
        if one.candidate == choice.chosen:
            continue
        verb = "refused" if one.grade is Grade.REFUSED else "after it"
        seen = "; ".join(filter(None, (one.figures, one.why))) or "not asked"
        found.append(f"  {verb}: {_named(one.candidate)}: {seen}")
    return found


def next_line(before: Choice, after: Choice, why: str) -> str:
    """What is said when a run goes on to the next mirror."""
    assert before.chosen is not None
    failed = f"mirror for {before.kind}: {_named(before.chosen)} failed: {why}"
    return f"{failed}; next is {_named(after.chosen)}" if after.chosen else failed


def none_left(choice: Choice) -> Conflict:
    """MIRROR-NONE: not one of a kind can be used."""
    seen = "; ".join(f"{one.candidate.name}: {one.why}" for one in choice.judged)
    site = choice.judged[0].candidate.shown if choice.judged else "ADDRESS"
    return Conflict(
        "MIRROR-NONE",
        f"not one mirror for {choice.kind} that the host data name can be used from this host",
        seen or "none was named",
        (
            f"name one that answers: mirrors: {{{choice.kind}: [ADDRESS, {UPSTREAM}]}} in the "
            "host's data; `python -m stacks mirrors` lists those that are known, with dates",
            f"try one from the host itself: curl -IL {site}; it may need a proxy (host data "
            "proxy) or a name server",
        ),
        SOURCE,
    )


def _named(candidate: Candidate) -> str:
    if candidate.name in candidate.shown:
        return candidate.shown
    return f"{candidate.name} ({candidate.shown})"
