"""The report as one page that needs no network. Pure.

What hosts say is data: the template escapes every value, no script makes markup of text, and the
page's own policy (``Content-Security-Policy``) lets nothing be fetched and no other script run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import jinja2

from tasks import __version__
from tasks.drift.differences import Difference
from tasks.drift.document import ORDER, Report
from tasks.drift.groups import Group, actual
from tasks.drift.history import age
from tasks.drift.reading import Reading, moment

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Row:
    """One host in the list."""

    id: int
    reading: Reading
    rank: int
    """0: the worst verdict."""
    age: str
    age_s: int
    gpus: str
    """``8 well``, ``1 of 8 ill``, ``7 of 8 well`` (of one it is not known), ``not told``."""
    well: tuple[tuple[str, int], ...]
    """Names of the GPUs that are well, and how many there are of each."""
    differences: tuple[Difference, ...]
    words: str
    """What the search looks in, in lower case."""


@dataclass(frozen=True)
class Cell:
    """One component of one host in the matrix."""

    text: str
    """Empty: as the majority."""
    kind: str
    """``same``, ``other``, ``wrong`` (not as planned), ``alone`` (no majority), ``none``."""


@dataclass(frozen=True)
class Table:
    """The matrix of one group."""

    group: Group
    columns: tuple[str, ...]
    planned: tuple[str, ...]
    """By column, what most plans say; empty: none says it."""
    rows: tuple[tuple[Row, tuple[Cell, ...]], ...]


def text(report: Report) -> str:
    """The page."""
    now = moment(report.made_at) or datetime.now(timezone.utc)
    rows = tuple(_rows(report, now))
    by_host = {row.reading.host: row for row in rows}
    template = _environment.get_template("page.html.j2")
    return template.render(
        report=report,
        rows=rows,
        tables=[_table(group, by_host) for group in report.groups],
        ids={row.reading.host: row.id for row in rows},
        order=ORDER,
        version=__version__,
        script=_file("page.js"),
        style=_file("page.css"),
    )


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _rows(report: Report, now: datetime) -> Iterator[Row]:
    own: dict[str, list[Difference]] = {}
    for difference in report.differences:
        own.setdefault(difference.host, []).append(difference)
    for number, reading in enumerate(report.readings):
        at = moment(reading.read_at)
        differ = tuple(own.get(reading.host, ()))
        words = [reading.host, reading.group, reading.verdict, reading.stack, reading.why]
        words += [f"{d.component} {d.actual}" for d in differ]
        words += [f"{f.code} {f.what}" for f in reading.findings]
        yield Row(
            number,
            reading,
            ORDER.index(reading.verdict),
            age(reading.read_at, now) if at else "never",
            int((now - at).total_seconds()) if at else 10**9,
            _health(reading),
            tuple(sorted(Counter(g.name for g in reading.gpus if g.well).items())),
            differ,
            " ".join(words).lower()[:2000],
        )


def _health(reading: Reading) -> str:
    if not reading.gpus:
        return "not told"
    of = len(reading.gpus)
    ill, well = (sum(gpu.well is kind for gpu in reading.gpus) for kind in (False, True))
    return f"{ill} of {of} ill" if ill else f"{of} well" if well == of else f"{well} of {of} well"


def _table(group: Group, rows: dict[str, Row]) -> Table:
    members = [rows[host] for host in group.hosts]
    members.sort(key=lambda row: row.id)
    columns = tuple(dict.fromkeys(name for row in members for name in row.reading.components))
    return Table(
        group,
        columns,
        tuple(_planned(name, members) for name in columns),
        tuple((row, tuple(_cell(row, name, group) for name in columns)) for row in members),
    )


def _planned(name: str, members: list[Row]) -> str:
    said = Counter(
        c.planned for row in members if (c := row.reading.components.get(name)) and c.planned
    )
    if not said:
        return ""
    ((most, count),) = said.most_common(1)
    return most if len(said) == 1 else f"{most} ({count} of {said.total()} plans)"


def _cell(row: Row, name: str, group: Group) -> Cell:
    component = row.reading.components.get(name)
    if component is None or component.actual is None:
        return Cell("not known", "none")
    value = actual(row.reading)[name]
    if component.as_planned is False:
        return Cell(value, "wrong")
    if name not in group.majority:
        return Cell(value, "alone")
    return Cell("", "same") if value == group.majority[name] else Cell(value, "other")
