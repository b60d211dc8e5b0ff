"""What one answer brings of a file, and how it broke off."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import httpx

from stacks.model.address import masked
from stacks.model.plain import told
from tasks.transfer import asking, pace
from tasks.transfer.answers import MOST_BYTES, Again, Later, Refused, Take, meaning
from tasks.transfer.asking import Source
from tasks.transfer.part import Part


@dataclass(frozen=True)
class Patience:
    """How much is borne before a source is given up."""

    tries: int = 4
    """In a row that bring the file no further."""
    pause_s: float = 2.0
    """Before the second such try; twice as long before each further one."""
    silence_s: float = 20.0
    """Of a connection on which nothing comes, and the span over which the floor holds."""
    floor: int = 16 * 1024
    """Bytes per second."""
    further: int = 256 * 1024
    """Bytes that count as having brought the file forward; a hundredth of a small file does."""
    changes: int = 2
    """Times that a source may begin again with another file."""
    told_s: float | None = None
    """Between lines about the progress; None: 5 s on a terminal, 30 s in a log."""

    def between_lines(self) -> float:
        """Seconds between lines about the progress."""
        if self.told_s is not None:
            return self.told_s
        return 5.0 if sys.stderr.isatty() else 30.0


class TryError(Exception):
    """A try failed and the next one may do better; the text says how it ended."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        """What the server asks to wait."""


class ChangedError(TryError):
    """The source has another file than the one of which a part was here."""


class SourceError(Exception):
    """The source does not serve the file; the text says why."""


@dataclass
class Receiver:
    """Fills the part of one file from one source."""

    client: httpx.Client
    source: Source
    part: Part
    size: int | None
    """Bytes of the whole file, where that is known."""
    patience: Patience
    say: Callable[[str], None]
    joined: bool
    """Whether the part is of more than one answer, so that it may be of two files."""

    def receive(self) -> None:
        """Append what the part lacks; begin again where the server cannot do that.

        Raises:
            TryError: It is not whole, or nobody knows; the rest may come with another try.
            SourceError: The server does not have it.
            DiskFullError: There is no room.
        """
        held = self.part.held(self.source.url)
        if held.size and held.size in (self.size, held.total):
            return
        try:
            with asking.answer(self.client, self.source, held.asks()) as got:
                found = meaning(got.status_code, got.headers, held, self.size)
                if isinstance(found, Take):
                    self._take(found, got)
        except httpx.TransportError as error:
            raise TryError(f"no connection to {self.source.host} ({_words(error)})") from None
        if isinstance(found, Refused):
            raise SourceError(found.why)
        if isinstance(found, Later):
            raise TryError(found.why, found.wait_s)
        if isinstance(found, Again):
            self.clear()
            raise ChangedError(found.why)

    def further(self) -> int:
        """Bytes that count as having brought this file forward."""
        total = self.size or self.part.held(self.source.url).total
        return self.patience.further if total is None else min(self.patience.further, total // 100)

    def clear(self) -> None:
        """Keep nothing of the part."""
        self.part.clear()
        self.joined = False

    def _take(self, take: Take, got: httpx.Response) -> None:
        if take.offset < self.part.size:
            what = "has another file now" if take.changed else "serves no such range"
            self.say(f"{self.source.host} {what}: from byte {take.offset:,} on again")
        self.joined = take.offset > 0
        total = self.size if take.total is None else take.total
        with self.part.going_on(self.source.url, take) as file:
            cut = self._written(file, got, take.offset, total)
        if not cut and total is not None and self.part.size < total:
            cut = self._cut(self.part.size, total)
        if cut:
            raise (ChangedError if take.changed else TryError)(cut)

    def _written(self, file: IO[bytes], got: httpx.Response, there: int, total: int | None) -> str:
        """Write the body; how it broke off, or nothing where it ended."""
        speed = pace.Pace(time.monotonic(), self.patience.floor, self.patience.silence_s)
        tell = time.monotonic() + self.patience.between_lines()
        try:
            for block in got.iter_raw():
                if there + len(block) > (MOST_BYTES if total is None else total):
                    raise SourceError("it sends more than the file's size")
                self.part.write(file, block)
                there += len(block)
                now = time.monotonic()
                speed.came(len(block), now)
                if speed.stands_still(now):
                    return self._stall(there, total)
                if now >= tell:
                    self.say(pace.line(there, total, speed.rate(now)))
                    tell = now + self.patience.between_lines()
        except httpx.ReadTimeout:
            return self._stall(there, total)
        except httpx.TransportError:
            return self._cut(there, total)
        return ""

    def _cut(self, there: int, total: int | None) -> str:
        return f"cut at {pace.amount(there, total)} by {self.source.host}"

    def _stall(self, there: int, total: int | None) -> str:
        return (
            f"under {self.patience.floor // 1024} KiB/s for {self.patience.silence_s:g} s at "
            f"{pace.amount(there, total)} from {self.source.host}"
        )


def _words(error: httpx.TransportError) -> str:
    """In the library's words; a proxy's address in them may hold a password."""
    return told(masked(str(error)) or type(error).__name__)
