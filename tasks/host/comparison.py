"""Hosts of a run held against one of them: host data ``like``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from pyinfra.api.host import Host
from pyinfra.api.state import State

from facts.handmade import HandmadeParts
from facts.handmade_model import Handmade
from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plain import block, quoted
from tasks.host import likeness, resolution
from tasks.host.components import components
from tasks.hostdata import host as host_data
from tasks.steps.answers import Answer
from tasks.steps.refusal import Refused
from tasks.steps.step import fact, this_run


@dataclass
class _Run:
    names: list[str] = field(default_factory=list)
    """Hosts of the run."""
    asked: frozenset[str] = frozenset()
    """Those that others are compared with."""
    like: dict[str, str] = field(default_factory=dict)
    """Host to the one that it is compared with."""
    rows: dict[str, dict[str, str]] = field(default_factory=dict)


_runs: WeakKeyDictionary[State, _Run] = WeakKeyDictionary()


def noted(host: Host, state: HostState) -> None:
    """Remember what this host has, where it or another one is to be compared.

    Raises:
        Refused: The host that it is to be like is not in this run.
        ValueError: ``like`` is no text.
    """
    like, kept = host_data.like(host.data), _kept(this_run())
    if not like and host.name not in kept.asked:
        return
    handmade: Handmade | None = fact(HandmadeParts)
    seen = components(state, resolution.catalog(), handmade)
    kept.rows[host.name] = likeness.rows(state, seen)
    if not like:
        return
    if like not in kept.names:
        raise Refused(_unknown(like, kept.names))
    kept.like[host.name] = like


def _kept(run: State) -> _Run:
    """What is remembered of a run: of its inventory once, as fleets are large."""
    if run not in _runs:
        hosts = [host for host in run.inventory if run.is_host_in_limit(host)]
        asked = frozenset(str(host.data.get("like") or "") for host in hosts)
        _runs[run] = _Run([host.name for host in hosts], asked)
    return _runs[run]


def told(answers: dict[str, Answer]) -> None:
    """Let each answer say in what its host differs; one that has no plan says why as well."""
    kept = _runs.get(this_run(), _Run())
    for name, like in kept.like.items():
        if name != like and name in answers:
            answers[name] = _compared(name, like, kept, answers[name])
        elif name in answers:
            only = answers[name]
            first = f"{name}: {only.data.get('verdict', '')}, what the others are compared with"
            if only.level == "OK":
                answers[name] = replace(only, text=first)


def _compared(name: str, like: str, kept: _Run, before: Answer) -> Answer:
    this, other = kept.rows[name], kept.rows.get(like)
    if other is None:
        why = f"  cannot be compared: {like} could not be read"
        return replace(before, text=f"{before.text}\n{block([why])}")
    summary, table = likeness.told(name, this, like, other)
    differs = likeness.differing(this, other)
    data = {
        "host": like,
        "differs": differs,
        "components": {row: {"this": this[row], "like": other.get(row)} for row in this},
    }
    head = f"{name}: plan" if before.level == "OK" else before.text
    text = "\n".join([head, block([f"  {line}" for line in [summary, *table]])])
    return replace(before, text=text, data={**before.data, "like": data})


def _unknown(like: str, known: list[str]) -> Conflict:
    """LIKE-UNKNOWN."""
    return Conflict(
        "LIKE-UNKNOWN",
        f"the host {quoted(like)}, which this one is to be like, is not in this run",
        f"hosts of this run: {', '.join(sorted(known)[:20])}",
        ("name one of them: pyinfra INVENTORY deploys/plan.py --data like=HOST",),
        "docs/adopt.md",
    )
