"""How mirrors answered, as the host saw it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from facts.model.shown import Shown
from facts.parse.sections import Section, integer, split

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class Fetched(Shown):
    """One file, or its beginning. What the client did not tell is None or empty."""

    status: int
    """HTTP's; 0: no answer came."""
    size: int
    """Bytes that came."""
    first_s: float | None
    """Seconds until the first byte."""
    total_s: float | None
    exit: int | None
    """curl's exit status (curl(1), EXIT CODES); 23: we had enough."""
    type: str
    address: str
    """Where it came from in the end, after redirects."""
    said: str
    """The client's own words; empty where it had none."""
    html: bool
    """Whether it begins as an HTML page."""
    browser: bool
    """Whether it asks for a person's browser."""

    @property
    def came(self) -> bool:
        """Whether something of it came."""
        return self.status in (200, 206) and self.size > 0

    @property
    def rate(self) -> float | None:
        """Bytes per second, from the request to the last byte."""
        return self.size / self.total_s if self.came and self.total_s else None


@dataclass(frozen=True)
class MirrorReading(Shown):
    """One mirror. None: it was not asked for that, or not reached."""

    index: Fetched | None = None
    date: str = ""
    """The index's day: of a Release file in words, of repomd.xml in seconds since 1970."""
    linked: bool | None = None
    """Whether the page of links has the wanted file; None: there is no page."""
    promised: bool = False
    """Whether that page says that the file has its ``.metadata`` beside it (PEP 658)."""
    file: Fetched | None = None
    """The list of packages, where there is one."""
    bytes: Fetched | None = None
    """The file that was measured."""
    measured: str = ""
    """Its name."""
    metadata: Fetched | None = None
    left: str = ""
    """Why it was not measured: ``enough`` or ``time``."""


def readings(output: Iterable[str], count: int) -> tuple[MirrorReading, ...]:
    """The readings of all mirrors asked, in their order.

    Raises `ProbeError` where the output is cut off.
    """
    known = split(output).sections
    return tuple(
        _reading(known[f"mirror {at}"]) if f"mirror {at}" in known else MirrorReading(left="time")
        for at in range(count)
    )


def _reading(section: Section) -> MirrorReading:
    link = [line.strip() for line in section.part("link")]
    return MirrorReading(
        index=_fetched(section, "index"),
        date=section.first("date") or "",
        linked="found" in link if section.has("link") else None,
        promised="metadata" in link,
        file=_fetched(section, "file"),
        bytes=_fetched(section, "bytes"),
        measured=section.first("measured") or "",
        metadata=_fetched(section, "metadata"),
        left=section.first("left") or "",
    )


def _fetched(section: Section, part: str) -> Fetched | None:
    """What `tell` of the script printed; None where it printed nothing of that name."""
    lines = section.part(part)
    if not lines:
        return None
    size, code, status, first, total, kind, address = (*lines[0].split("|", 6), *[""] * 7)[:7]
    look = [line.strip() for line in section.part(f"{part}_look")]
    return Fetched(
        status=integer(status) or 0,
        size=integer(size) or 0,
        first_s=_seconds(first),
        total_s=_seconds(total),
        exit=integer(code),
        type=kind.strip(),
        address=address.strip(),
        said=lines[1].strip() if len(lines) > 1 else "",
        html="html" in look,
        browser="browser" in look,
    )


def _seconds(text: str) -> float | None:
    # ASCII only and short: what a host prints is no promise.
    return float(text) if _SECONDS.fullmatch(text.strip()) else None
