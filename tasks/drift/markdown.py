"""The report as Markdown, for a chat, a ticket or a commit. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from stacks.model.plain import one_line
from tasks.drift.document import Report
from tasks.drift.history import age
from tasks.drift.reading import moment

MOST_ROWS = 200
"""Of one table; the page and the JSON have all of them."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def text(report: Report) -> str:
    """The file ``report.md``."""
    return "\n".join(_lines(report)) + "\n"


def escaped(words: str) -> str:
    """Words of others as they are: nothing in them is markup, a link or an end of a cell."""
    return _SPECIAL.sub(r"\\\1", one_line(words))


def code(command: str) -> str:
    """A command to copy, in a cell of a table."""
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", command)), default=0))
    return f"{ticks} {one_line(command).replace('|', chr(92) + '|')} {ticks}"


def _lines(report: Report) -> Iterator[str]:
    now = moment(report.made_at)
    counts = ", ".join(f"{count} {level}" for level, count in report.counts.items() if count)
    yield "# GPU hosts"
    yield ""
    yield f"{len(report.readings)} hosts: {counts or 'none'}. Made {report.made_at}."
    yield ""
    yield from _hosts(report, now)
    yield from _groups(report)
    yield from _differences(report)
    yield from _changes(report)
    if report.notes:
        yield "## Not read"
        yield ""
        yield from (f"- {escaped(note)}" for note in report.notes)


def _hosts(report: Report, now: datetime | None) -> Iterator[str]:
    bad = [r for r in report.readings if r.verdict != "OK"]
    if not bad:
        return
    yield "| host | verdict | read | why |"
    yield "| --- | --- | --- | --- |"
    for r in bad[:MOST_ROWS]:
        why = r.why if not r.answered else "; ".join(f"{f.code}: {f.what}" for f in r.findings[:3])
        ago = f"{age(r.read_at, now)} ago" if now and r.read_at else "never"
        yield f"| {escaped(r.host)} | {r.verdict} | {ago} | {escaped(why)} |"
    yield from _left(len(bad))
    yield ""


def _groups(report: Report) -> Iterator[str]:
    for group in report.groups:
        yield f"## Group {escaped(group.name)}"
        yield ""
        for kind in group.kinds[:MOST_ROWS]:
            names = ", ".join(kind.hosts[:8]) + (" …" if len(kind.hosts) > 8 else "")
            same = (
                "as the majority"
                if not kind.differs
                else "; ".join(f"{name}: {value}" for name, value in kind.differs.items())
            )
            yield f"- {len(kind.hosts)} × {escaped(names)}: {escaped(same)}"
        if group.silent:
            yield f"- {len(group.silent)} × nothing known: {escaped(', '.join(group.silent[:8]))}"
        yield ""


def _differences(report: Report) -> Iterator[str]:
    if not report.differences:
        return
    yield "## Differences"
    yield ""
    yield "| host | component | actual | expected | against | fix | adopt |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for d in report.differences[:MOST_ROWS]:
        words = [d.host, d.component, d.actual, d.expected, " and ".join(d.against)]
        ways = [code(way) if way else "" for way in (d.fix, d.adopt)]
        yield f"| {' | '.join([*map(escaped, words), *ways])} |"
    yield from _left(len(report.differences))
    yield ""


def _changes(report: Report) -> Iterator[str]:
    if not report.changes:
        return
    yield "## Changed"
    yield ""
    for c in report.changes[:MOST_ROWS]:
        since = c.since or f"between {c.last_seen} and {report.made_at}"
        by = f", moved by {c.moved_by}" if c.moved_by else ""
        yield f"- since {since}: {escaped(f'{c.host} {c.component} {c.before} → {c.after}{by}')}"
    yield from _left(len(report.changes))
    yield ""


def _left(count: int) -> Iterator[str]:
    if count > MOST_ROWS:
        yield ""
        yield f"{count - MOST_ROWS} more are in the page and in the JSON."
