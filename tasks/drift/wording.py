"""The report as lines for a person at a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stacks.model.plain import block
from tasks.drift.differences import Change, Difference
from tasks.drift.document import Report
from tasks.drift.history import age
from tasks.drift.reading import Reading, moment


def of_host(
    reading: Reading, differences: Iterable[Difference], changes: Iterable[Change], at: str
) -> str:
    """A block of lines for one host.

    Args:
        reading: The host.
        differences: Its own.
        changes: Its own.
        at: Now, in UTC.
    """
    return block(_lines(reading, list(differences), list(changes), at))


def _lines(
    reading: Reading, differences: list[Difference], changes: list[Change], at: str
) -> Iterator[str]:
    count = len(differences)
    same = f"differs in {count} component{'s' if count > 1 else ''}" if count else "same"
    now = moment(at)
    if not reading.answered:
        known = f"; read last {age(reading.read_at, now)} ago" if now and reading.read_at else ""
        yield f"{reading.host}: {reading.verdict}, it does not answer: {reading.why}{known}"
    else:
        yield f"{reading.host}: {reading.verdict}, {same}"
    for d in differences:
        since = f", since {d.since}" if d.since else ""
        by = f", moved by {d.moved_by}" if d.moved_by else ""
        yield f"  {d.component}: {d.actual}"
        yield f"    expected: {d.expected} (by the {' and the '.join(d.against)}{since}{by})"
        yield f"    fix:      {d.fix}"
        if d.adopt:
            yield f"    adopt:    {d.adopt}"
    named = {d.component for d in differences}
    for c in (c for c in changes if c.component not in named):
        by = f", moved by {c.moved_by}" if c.moved_by else ""
        since = c.since or c.last_seen
        yield f"  changed since {since}: {c.component} {c.before} -> {c.after}{by}"
    for f in reading.findings:
        yield f"  {f.code} {f.level}: {f.what}"
        for word, said in (("seen", f.observed), ("do", f.do), ("", f.command)):
            if said:
                yield f"    {word + ':' if word else '':<6}{said}"


def by_host(report: Report) -> dict[str, str]:
    """A block of lines for each host, the worst first."""
    return {
        r.host: of_host(
            r,
            (d for d in report.differences if d.host == r.host),
            (c for c in report.changes if c.host == r.host),
            report.made_at,
        )
        for r in report.readings
    }


def closing(report: Report, written: Iterable[str]) -> str:
    """The last lines: counts, groups, and what was written."""
    counts = ", ".join(f"{count} {level}" for level, count in report.counts.items() if count)
    lines = [f"{len(report.readings)} hosts: {counts or 'none'}"]
    for group in report.groups:
        same = sum(len(kind.hosts) for kind in group.kinds if not kind.differs)
        rest = len(group.hosts) - len(group.silent) - same
        silent = f", {len(group.silent)} never read" if group.silent else ""
        lines.append(f"group {group.name}: {same} the same, {rest} differ{silent}")
    lines += [f"not read: {note}" for note in report.notes[:20]]
    return block([*lines, *written])
