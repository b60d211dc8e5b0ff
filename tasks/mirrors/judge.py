"""What a mirror's answers say of it. Pure: questions and readings in, judgements out.

A mirror is judged by bytes of a file that is wanted, never by its front page, and nothing here is
about trust: keys and digests are compared by who installs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import IntEnum
from urllib.parse import urlsplit

from facts.parse.mirrors import Fetched, MirrorReading
from tasks.hostdata.mirrors import Candidate
from tasks.mirrors.questions import Question

STALL = 16 * 1024
"""Bytes per second below which a transfer stands still: PyTorch's wheels would take two days."""
OLDER_S = 3 * 86_400
"""How much older than another's an index may be: mirrors follow within a day, most within hours."""
LEAST = 64 * 1024
"""Bytes that must have come of a file that was cut off, for its mirror to be worth a try."""
TELLING, TELLING_S = 1 << 20, 2.0
"""Bytes, or seconds, from which a speed tells more than how a connection begins."""
ENDS: Mapping[int, str] = {
    5: "the name of the proxy is not known",
    6: "its name is not known in the host's network",
    7: "nothing answers there",
    18: "cut the connection",
    28: "stood still or took too long",
    35: "the encrypted connection could not be made",
    47: "sent on from one address to the next without an end",
    52: "closed the connection without an answer",
    56: "reset the connection",
    60: "its certificate is not trusted",
}
"""curl's exit statuses (curl(1), EXIT CODES)."""


class Grade(IntEnum):
    """How good a mirror is for this run, the best first."""

    GOOD = 0
    UNMEASURED = 1
    POOR = 2
    """It is used where nothing better is left."""
    DEFAULT = 3
    """The client's own default, whose address is not known here."""
    REFUSED = 4


@dataclass(frozen=True)
class Judged:
    """One mirror."""

    candidate: Candidate
    grade: Grade
    why: str = ""
    """What speaks against it; empty: nothing."""
    rate: float | None = None
    """Bytes per second."""
    first_s: float | None = None
    size: int = 0
    """Bytes that were measured."""
    measured: str = ""
    """Of which file."""

    @property
    def telling(self) -> bool:
        """Whether enough was measured for its speed to be compared with another's."""
        if not self.rate:
            return False
        return self.size >= TELLING or self.size / self.rate >= TELLING_S

    @property
    def figures(self) -> str:
        """``6.8 MB/s, first byte after 0.12 s, measured over 8.4 MB of torch-….whl``."""
        if self.rate is None:
            return ""
        first = f", first byte after {self.first_s:.2f} s" if self.first_s is not None else ""
        over = f", over {_bytes(self.size)} of {self.measured}" if self.measured else ""
        return f"{_bytes(self.rate)}/s{first}{over}"


def judged(
    asked: Sequence[tuple[Candidate, Question | None]],
    readings: Sequence[MirrorReading],
    upstream: Sequence[str] = (),
    own_files: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Judged, ...]:
    """The mirrors of one kind, in their order.

    Args:
        asked: Each mirror, and what it was asked for; None: nothing.
        readings: The answers of those that were asked for something, in their order.
        upstream: Sites of the maker, to which a mirror that has nothing sends everybody.
        own_files: Address of a mirror to other sites on which its files are known to lie.
    """
    answers = iter(readings)
    pairs = [(candidate, q, next(answers) if q else None) for candidate, q in asked]
    days = {c.address: day for c, _, r in pairs if r and (day := day_of(r.date)) is not None}
    newest = max(days.values(), default=None)
    found = []
    for candidate, q, reading in pairs:
        if q is None or reading is None:
            found.append(Judged(candidate, Grade.DEFAULT, "the client's default, not measured"))
            continue
        others = {o.site for o, _, _ in pairs if o.site} - {q.site}
        sites = _Sites({*upstream} - {q.site}, others, (own_files or {}).get(candidate.address, ()))
        one = _one(q, reading, sites)
        age = (newest or 0) - days.get(candidate.address, newest or 0)
        if age > OLDER_S and one.grade < Grade.POOR:
            newer = next(c.name for c, _, _ in pairs if days.get(c.address) == newest)
            why = f"its index is {age / 86_400:.0f} days older than that of {newer}"
            one = _with(one, Grade.POOR, why)
        found.append(one)
    return tuple(found)


def day_of(text: str) -> float | None:
    """Seconds since 1970 of an index's day; None where it says none that can be read."""
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 12 else None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(frozen=True)
class _Sites:
    upstream: set[str]
    others: set[str]
    own: tuple[str, ...]


def _one(q: Question, reading: MirrorReading, sites: _Sites) -> Judged:
    """One mirror without a look at the others' days."""
    named = q.candidate
    if reading.index is not None:
        if reading.index.exit == 127:
            return Judged(named, Grade.UNMEASURED, reading.index.said)
        if why := _no_index(q, reading, reading.index):
            return Judged(named, Grade.REFUSED, why)
    for part, what in ((reading.file, "its list of packages"), (reading.bytes, _name(q, reading))):
        if part is None:
            continue
        if part.exit == 127:
            return Judged(named, Grade.UNMEASURED, part.said)
        if why := _no_file(part, what):
            return Judged(named, Grade.REFUSED, why)
    part = reading.bytes or reading.file
    if part is None:
        why = {"enough": "not measured: one before it is quick enough"}.get(
            reading.left, "not measured: no time was left"
        )
        return Judged(named, Grade.UNMEASURED, why)
    one = Judged(
        named,
        Grade.GOOD,
        rate=part.rate,
        first_s=part.first_s,
        size=part.size,
        measured=_name(q, reading),
    )
    return _weighed(one, q, reading, part, sites)


def _no_index(q: Question, reading: MirrorReading, index: Fetched) -> str:
    """Why the index cannot be used; empty: it can."""
    if index.browser:
        return "asks for a person's browser in place of its index"
    if not index.came:
        return f"its index: {answered(index)}"
    if q.form in ("apt", "dnf") and index.html:
        return "gives an HTML page in place of its index"
    if reading.linked is False:
        return f"its page lacks {q.wanted}: its index is older, or of another layout"
    return ""


def _no_file(part: Fetched, what: str) -> str:
    """Why the file cannot be had; empty: it can."""
    if part.browser and part.html:
        return f"asks for a person's browser in place of {what}"
    if not part.came:
        return f"{what}: {answered(part)}"
    if part.html:
        return f"gives an HTML page in place of {what}"
    if part.exit not in (0, 23, 28, None) and part.size < LEAST:
        return f"{what}: {answered(part)} after {_bytes(part.size)}"
    return ""


def _weighed(
    one: Judged, q: Question, reading: MirrorReading, part: Fetched, sites: _Sites
) -> Judged:
    """What is wrong with a mirror that gives its files."""
    site = site_of(part.address) or q.site
    if not _same(site, q.site) and not any(_same(site, own) for own in sites.own):
        if site in sites.upstream or site in sites.others:
            return _with(one, Grade.REFUSED, f"sends everybody on to {site}: it has no file itself")
        one = _with(one, Grade.POOR, f"its files come from {site}")
    if part.exit in (18, 35, 56):
        one = _with(one, Grade.POOR, f"{answered(part)} after {_bytes(part.size)}")
    if one.rate is not None and one.rate < STALL:
        one = _with(one, Grade.POOR, f"moves {_bytes(one.rate)}/s only")
    if reading.promised and reading.metadata is not None and not reading.metadata.came:
        why = f"promises {q.wanted}.metadata, which it {answered(reading.metadata)}"
        one = _with(one, Grade.POOR, why)
    return one


def answered(part: Fetched) -> str:
    """What came in place of a file, in words."""
    if part.status and part.status not in (200, 206):
        return f"answered {part.status}"
    if part.exit is not None and part.exit in ENDS:
        return ENDS[part.exit]
    return part.said or "gave nothing"


def site_of(address: str) -> str:
    """The host in an address that a client told, in lower case; empty where it told none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _same(one: str, other: str) -> bool:
    """Whether two hosts are of one owner, as far as names say: ``a.x.edu.cn``, ``b.x.edu.cn``.

    Addresses of numbers are one alone where they are the same.
    """
    if one == other:
        return True
    a, b = one.split("."), other.split(".")
    if a[-1].isdigit() or b[-1].isdigit():
        return False
    # ``example.org`` has an owner; of ``edu.cn`` and ``co.uk`` only what is before has.
    count = 3 if len(a[-1]) == 2 and len(a) > 2 and len(a[-2]) <= 3 else 2
    return len(a) >= count and a[-count:] == b[-count:]


def _name(q: Question, reading: MirrorReading) -> str:
    return reading.measured or q.wanted


def _with(one: Judged, grade: Grade, why: str) -> Judged:
    return Judged(
        one.candidate,
        max(grade, one.grade),
        f"{one.why}; {why}" if one.why else why,
        one.rate,
        one.first_s,
        one.size,
        one.measured,
    )


def _bytes(number: float) -> str:
    """``6.8 MB``, ``190 kB``: thousands, as networks are sold."""
    if number >= 1e6:
        return f"{number / 1e6:.1f} MB"
    return f"{number / 1e3:.0f} kB" if number >= 1e3 else f"{number:.0f} bytes"
