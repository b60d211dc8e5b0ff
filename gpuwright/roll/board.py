"""What a person sees while a roll goes on: a table at a terminal, else lines."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gpuwright.roll import times
from gpuwright.roll.outcome import ENDS, RUNNING
from gpuwright.roll.state import Entry
from stacks.model.plain import one_line

QUIET_S = 60.0
"""Without a line where there is no table: then it is told what is being waited for."""
_ROWS_APART = 8
_COLOURS = {"done": "green", "refused": "red", "failed": "red", "unreachable": "red"}


@dataclass
class _Row:
    what: str
    since: float


@dataclass
class Board:
    """One line per host that is worked on, and how many hosts ended how."""

    hosts: Mapping[str, Entry]
    out: TextIO = field(default_factory=lambda: sys.stderr)
    _rows: dict[str, _Row] = field(default_factory=dict)
    _live: Live | None = None
    _console: Console = field(init=False)
    _said: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._console = Console(file=self.out, highlight=False)

    def __enter__(self) -> Board:
        if self.out.isatty():
            self._live = Live(
                console=self._console, get_renderable=self._shown, refresh_per_second=2
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def at(self, host: str, what: str, told: bool = False) -> None:
        """Say what a host is at; the same again is no news.

        Args:
            host: The host.
            what: A step, or what is being waited for.
            told: Whether it is worth a line that stays, beside the host's row in the table.
        """
        row = self._rows.get(host)
        if row is None or row.what != one_line(what):
            self._rows[host] = _Row(one_line(what), time.monotonic())
            if told:
                self.say(f"{host}: {what}")

    def over(self, host: str, entry: Entry) -> None:
        """Say how a host ended."""
        self._rows.pop(host, None)
        took = times.shown(entry.seconds)
        slowest = f"; slowest: {entry.slowest}" if entry.slowest else ""
        why = f": {entry.why}" if entry.why else ""
        self.say(f"{host}: {entry.state}{why} ({took}{slowest})", _COLOURS.get(entry.state, ""))

    def say(self, line: str, colour: str = "") -> None:
        """A line that stays."""
        self._said = time.monotonic()
        shown = f"{time.strftime('%H:%M:%S')} {one_line(line)}"
        if self._live is not None:
            self._console.print(Text(shown, style=colour))
        else:
            print(shown, file=self.out, flush=True)

    def beat(self) -> None:
        """Called now and then: where there are lines, say what goes on after a long silence."""
        if self._live is None and self._rows and time.monotonic() - self._said >= QUIET_S:
            for host, row in list(self._rows.items()):
                since = times.shown(time.monotonic() - row.since)
                self.say(f"{host}: still at: {row.what} ({since})")

    def _shown(self) -> Group:
        counts = Counter(entry.state for entry in self.hosts.values())
        told = [f"{counts[state]} {state}" for state in (*ENDS, RUNNING) if counts[state]]
        table = Table(box=None, pad_edge=False, show_header=False)
        room = max(3, self._console.height - _ROWS_APART)
        now = time.monotonic()
        # The slowest first. A thread of rich draws this: the copy is made in one go.
        rows = list(self._rows.items())
        rows.sort(key=lambda row: row[1].since)
        for host, row in rows[:room]:
            table.add_row(Text(one_line(host)), Text(row.what), Text(times.shown(now - row.since)))
        more = [Text(f"and {len(rows) - room} more hosts")] if len(rows) > room else []
        return Group(table, *more, Text(f"{len(self.hosts)} hosts: {', '.join(told)}"))
