"""What a server's answer to a request for a file, or for its rest, means. Pure.

Ranges, their validators and the statuses: RFC 9110, sections 13.1.5, 14 and 15. Whatever a server
says is data: numbers are read within limits, and no text of its own gets into a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

MOST_BYTES = 2**36
"""64 GiB: no file that anything here fetches is larger."""
LONGEST_WAIT_S = 60.0
"""What a server asks for beyond that (``Retry-After``) is not waited for."""
_COUNT = re.compile(r"[0-9]{1,15}", re.ASCII)
_RANGE = re.compile(r"bytes +([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|[*])", re.ASCII)
_NO_RANGE = re.compile(r"bytes +[*]/([0-9]{1,15})", re.ASCII)
_STRONG_ETAG = re.compile(r'"[!#-~]{1,200}"', re.ASCII)
_PAGES = ("text/html", "application/xhtml+xml")
_LATER = (408, 425, 429)


@dataclass(frozen=True)
class Held:
    """What is here of a file already."""

    size: int = 0
    """Bytes."""
    total: int | None = None
    """Bytes of the whole file, as a server said earlier."""
    etag: str = ""
    """Strong, of the server that is asked; empty where it gave none or another one served."""

    def asks(self) -> dict[str, str]:
        """Header fields of a request for the rest; none where nothing is here."""
        if not self.size:
            return {}
        wanted = {"Range": f"bytes={self.size}-"}
        return {**wanted, "If-Range": self.etag} if self.etag else wanted


@dataclass(frozen=True)
class Take:
    """The answer's body belongs at this place of the file."""

    offset: int
    total: int | None
    etag: str
    changed: bool = False
    """It is another file than the one of which a part is here."""


@dataclass(frozen=True)
class Whole:
    """The server has nothing after what is here."""


@dataclass(frozen=True)
class Again:
    """What is here does not go with what the server has: the whole file must be asked for."""

    why: str


@dataclass(frozen=True)
class Later:
    """The server may serve it in another try."""

    why: str
    wait_s: float | None = None
    """What it asks to wait."""


@dataclass(frozen=True)
class Refused:
    """The server does not serve this file."""

    why: str


Meaning = Take | Whole | Again | Later | Refused


def meaning(status: int, fields: Mapping[str, str], held: Held, size: int | None) -> Meaning:
    """What an answer means for the part that is here.

    Args:
        status: Of the answer, after all redirections.
        fields: Its header fields, looked up in lower case.
        held: The part, as the request told of it.
        size: Bytes that the whole file must have; None: nobody knows.
    """
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        kind = fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _PAGES:
            return Refused(f"it answers {status} with a page ({kind}) in place of the file")
        return _whole(fields, held, size) if status == HTTPStatus.OK else _rest(fields, held, size)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and held.size:
        found = _NO_RANGE.fullmatch(fields.get("content-range", "").strip())
        if found is None or int(found[1]) == held.size:
            return Whole()
        return Again(f"the file has {int(found[1]):,} bytes there, and {held.size:,} are here")
    said = f"the server answers {named(status)}"
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Later(said, _wait(fields))
    return Refused(said)


def named(status: int) -> str:
    """The status with the name that the standard gives it."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _whole(fields: Mapping[str, str], held: Held, size: int | None) -> Meaning:
    total = _count(fields.get("content-length", ""))
    if fault := _wrong_size(total, size):
        return Refused(fault)
    etag = _etag(fields)
    other_size = None not in (total, held.total) and total != held.total
    changed = bool(held.size) and (other_size or bool(held.etag and etag != held.etag))
    return Take(0, total, etag, changed)


def _rest(fields: Mapping[str, str], held: Held, size: int | None) -> Meaning:
    found = _RANGE.fullmatch(fields.get("content-range", "").strip())
    if found is None or int(found[1]) > held.size:
        what = "without a range" if found is None else f"from byte {int(found[1]):,} on"
        why = f"it was asked for bytes from {held.size:,} on and answers 206 {what}"
        return Again(why) if held.size else Refused(why)
    total = None if found[3] == "*" else int(found[3])
    if fault := _wrong_size(total, size):
        return Refused(fault)
    etag = _etag(fields)
    if held.etag and etag and etag != held.etag:
        return Again("the file has changed there")
    if None not in (total, held.total) and total != held.total:
        return Again(f"the file has {total:,} bytes there, and had {held.total:,} before")
    return Take(int(found[1]), held.total if total is None else total, etag or held.etag)


def _wrong_size(total: int | None, size: int | None) -> str:
    if total is None:
        return ""
    if size is not None and total != size:
        return f"its file has {total:,} bytes, and not {size:,}"
    return f"its file has {total:,} bytes, more than any" if total > MOST_BYTES else ""


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text.strip()) else None


def _etag(fields: Mapping[str, str]) -> str:
    said = fields.get("etag", "").strip()
    return said if _STRONG_ETAG.fullmatch(said) else ""


def _wait(fields: Mapping[str, str]) -> float | None:
    said = _count(fields.get("retry-after", ""))
    return None if said is None else min(float(said), LONGEST_WAIT_S)
