"""What a benchmark leaves behind: JSON records that a later run goes on from, and one table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "results"
_DRAWN = "comparisons"
_WIDTH = 110


@dataclass(frozen=True)
class Comparison:
    """One figure of ours beside one of somebody else's, or beside a plain limit."""

    benchmark: str
    ours: float
    against: str
    theirs: float | None
    """``None``: the target is a limit for our own figure."""
    unit: str
    target: float
    sense: Literal["ours/theirs", "theirs/ours", "ours"]
    """How the compared value is made. ``theirs/ours`` (how many times faster) must reach the
    target, the others must not exceed it."""
    note: str = ""

    @property
    def value(self) -> float:
        """The ratio, or our own figure where the target is a limit for that."""
        if self.theirs is None:
            return self.ours
        pair = (self.ours, self.theirs)
        upper, lower = pair if self.sense == "ours/theirs" else (self.theirs, self.ours)
        return upper / lower

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        if self.sense == "theirs/ours":
            return self.value >= self.target
        return self.value <= self.target


def load(name: str) -> list[dict[str, Any]]:
    """The records of benchmark ``name``, oldest first; none where there is no file."""
    try:
        found = json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        return []
    return list(found["runs"])


def comparisons(name: str) -> list[Comparison]:
    """The comparisons that benchmark ``name`` has drawn last."""
    try:
        found = json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        return []
    known = {f.name for f in fields(Comparison)}
    return [Comparison(**{k: v for k, v in row.items() if k in known}) for row in found[_DRAWN]]


def save(name: str, runs: Sequence[dict[str, Any]], rows: Sequence[Comparison] = ()) -> Path:
    """Write the records and the comparisons drawn from them, whole or not at all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"{name}.json"
    said = [{**asdict(row), "value": row.value, "met": row.met} for row in rows]
    part = target.with_suffix(".part")
    part.write_text(json.dumps({"runs": list(runs), _DRAWN: said}, indent=1) + "\n")
    part.replace(target)
    return target


def show(rows: Sequence[Comparison], console: Console | None = None) -> None:
    """Print the comparisons as one table, their notes below."""
    console = console or Console(width=_WIDTH)
    table = Table("benchmark", "gpuwright", "against", "theirs", "ratio", "target", "met")
    for row in rows:
        theirs = "–" if row.theirs is None else _figure(row.theirs, row.unit)
        sign = "≥" if row.sense == "theirs/ours" else "≤"
        table.add_row(
            row.benchmark,
            _figure(row.ours, row.unit),
            row.against,
            theirs,
            "–" if row.theirs is None else f"{row.value:.2f}",
            f"{sign} {row.target:g}" + (f" {row.unit}" if row.theirs is None else ""),
            "[green]yes[/]" if row.met else "[red]no[/]",
        )
    console.print(table)
    for note in dict.fromkeys(row.note for row in rows if row.note):
        console.print(note, markup=False, highlight=False)


def _figure(value: float, unit: str) -> str:
    if unit == "s":
        return f"{value:.2f} s" if value < 60 else f"{value:.0f} s"
    return f"{value:g} {unit}"
