"""One host's case before the resolver: what is asked, what is there, what was found so far."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from stacks.catalog.distributions import Distribution
from stacks.catalog.hardware import Generation, GpuModel
from stacks.catalog.read import Catalog
from stacks.model.change import Way
from stacks.model.host import DEVICE, HostProfile
from stacks.model.messages import Conflict, Notice, Reason
from stacks.model.requests import Stack


@functools.lru_cache(maxsize=4096)
def numbers(version: str) -> tuple[int, ...]:
    """A dotted version as numbers that compare: ``535.309.01`` → ``(535, 309, 1)``.

    Reading stops at the first part that does not start with a digit.
    """
    found: list[int] = []
    for part in version.replace("-", ".").replace("+", ".").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
        if digits != part:
            break
    return tuple(found)


@dataclass(frozen=True)
class Card:
    """A kind of GPU in the host."""

    key: str
    model: GpuModel
    generation: Generation
    count: int
    first_branch: str | None
    """First driver branch that knows it; ``None``: older than every branch we plan."""
    is_known: bool = True
    """Whether the catalogue knows it, or host data name a sibling. Of another one only the age is
    known, and its capability once the driver tells it."""
    called: str = ""
    """What a person called it, in `stacks.catalog.pci.plain_name`'s way; empty: by its key."""

    @property
    def word(self) -> str:
        """What ``--gpu`` takes for it."""
        is_id = not self.is_known and re.fullmatch(r"[0-9a-f]{4}", self.key)
        return f"{DEVICE}{self.key}" if is_id else self.called or self.key

    @property
    def name(self) -> str:
        """Name and compute capability for a person."""
        sm = self.model.sm.replace(".", "")
        return f"{self.model.name} (sm_{sm})" if sm else self.model.name


@dataclass
class Case:
    """Question and findings. Rules read the question and add findings; they change nothing else."""

    stack: Stack
    profile: HostProfile
    catalog: Catalog
    dist: Distribution | None = None
    cards: tuple[Card, ...] = ()
    conflicts: list[Conflict] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    image: bool = False
    """Whether the question is about an image for such hosts."""

    def conflict(self, code: str, what: str, why: str, *remedies: str | Way) -> None:
        """Add a conflict; its source is the catalogue's for ``code``."""
        assert remedies, code
        texts = tuple(map(str, remedies))
        changes = tuple(way.change if isinstance(way, Way) else None for way in remedies)
        self.conflicts.append(Conflict(code, what, why, texts, self._source(code), changes))

    def notice(self, code: str, what: str, why: str, remedy: str | Way) -> None:
        """Add a notice; its source is the catalogue's for ``code``."""
        change = remedy.change if isinstance(remedy, Way) else None
        self.notices.append(Notice(code, what, why, str(remedy), self._source(code), change))

    def reason(self, subject: str, choice: str, why: str, source: str) -> None:
        """Say why the plan says what it says."""
        self.reasons.append(Reason(subject, choice, why, source))

    def command(self, *more: str, os: str = "", stack: str = "") -> str:
        """The command that explains this host, with ``more`` options; to be copied as it is.

        ``os`` is another distribution that takes the place of the host's, ``stack`` another stack.
        """
        profile = self.profile
        words = ["python -m stacks explain", stack or self.stack.name, "--os", os or profile.os]
        if profile.arch != "x86_64":
            words += ["--arch", profile.arch]
        for card in self.cards:
            words += ["--gpu", card.word if card.count == 1 else f"{card.word}:{card.count}"]
        if profile.jetson_l4t:
            words += ["--jetson", profile.jetson_l4t]
        return " ".join((*words, *more, *(["--image"] if self.image else [])))

    def _source(self, code: str) -> str:
        return self.catalog.codes[code].cite

    @property
    def host(self) -> str:
        """The host's distribution for a person."""
        return self.dist.name if self.dist else self.profile.os


def names(cards: tuple[Card, ...] | list[Card]) -> str:
    """The cards in words."""
    return ", ".join(card.name for card in cards)
