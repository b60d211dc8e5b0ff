"""A fleet is repaired one after the other: a canary, then batches, and no further if too many fail.

pyinfra runs an operation on all hosts at once, each in its own greenlet, as many as its pool has
room for, in no order. So the first host that comes starts the fleet's own round here, in the order
of the inventory, and each host's operation only waits for its result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import gevent
from gevent.event import Event

Result = Literal["well", "failed", "untouched"]


@dataclass(frozen=True)
class Limits:
    """How fast a fleet is repaired, and when to stop."""

    batch: int = 5
    fail_share: float = 0.2

    def and_(self, other: Limits) -> Limits:
        """The stricter of two."""
        return Limits(min(self.batch, other.batch), min(self.fail_share, other.fail_share))


@dataclass
class Fleet:
    """The hosts that are to be repaired, and how each went."""

    names: Sequence[str]
    """In the order in which they are repaired, the first one apart."""
    limits: Limits
    canaries: frozenset[str] = frozenset()
    """Who begins, alone; the first host where nobody is named."""
    results: dict[str, Result] = field(default_factory=dict)
    stopped: str = ""
    """Why the round ended before its last host; empty where it did not."""
    _ended: dict[str, Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ended = {name: Event() for name in self.names}

    def rounds(self) -> list[list[str]]:
        """The canaries, one after the other, then batches."""
        first = [n for n in self.names if n in self.canaries] or list(self.names[:1])
        rest = [n for n in self.names if n not in first]
        size = self.limits.batch
        return [[n] for n in first] + [rest[i : i + size] for i in range(0, len(rest), size)]

    def conduct(self, work: Callable[[str], bool]) -> None:
        """Do ``work`` on each host in its turn; those that are not reached are "untouched".

        ``work`` gives whether it went well; what it raises counts as failed.
        """
        try:
            for hosts in self.rounds():
                greenlets = [gevent.spawn(self._one, work, name) for name in hosts]
                gevent.joinall(greenlets)
                failed = [n for n, result in self.results.items() if result == "failed"]
                if len(failed) > self.limits.fail_share * len(self.results):
                    if len(self.results) < len(self.names):
                        self.stopped = (
                            f"{len(failed)} of {len(self.results)} hosts failed "
                            f"({', '.join(failed)}); allowed is a share of {self.limits.fail_share}"
                        )
                    break
        finally:
            for name in self.names:
                self.results.setdefault(name, "untouched")
                self._ended[name].set()

    def _one(self, work: Callable[[str], bool], name: str) -> None:
        good = False
        try:
            good = work(name)
        finally:
            self.results[name] = "well" if good else "failed"
            self._ended[name].set()

    def wait(self, name: str) -> Result:
        """How this host went, once its turn is over."""
        self._ended[name].wait()
        return self.results[name]
