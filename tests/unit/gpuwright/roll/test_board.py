"""What is seen while a roll goes on: lines without a terminal, a table on one."""

from __future__ import annotations

import io

import pytest

from gpuwright.roll import board as module
from gpuwright.roll.board import Board
from gpuwright.roll.state import Entry


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_say_what_is_news_and_hold_no_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    with Board({}, out) as board:
        board.at("gpu1", "begins", told=True)
        board.at("gpu1", "The work")
        board.beat()
        monkeypatch.setattr(module, "QUIET_S", 0.0)
        board.beat()
        board.over("gpu1", Entry(state="failed", why="a\x1b[2Jb\nc", seconds=3, slowest="W, 2 s"))
        board.beat()
    said = [line.split(" ", 1)[1] for line in out.getvalue().splitlines()]
    assert said == [
        "gpu1: begins",
        "gpu1: still at: The work (0 s)",
        "gpu1: failed: a?[2Jb / c (3 s; slowest: W, 2 s)",
    ]


def test_table_of_many_hosts_fits_the_terminal_and_says_how_many_it_hides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LINES", "20")
    monkeypatch.setenv("COLUMNS", "100")
    hosts = {f"gpu{n}": Entry(state="running") for n in range(500)}
    out = Terminal()
    with Board(hosts, out) as board:
        for name in hosts:
            board.at(name, "[red]The work[/red]")
        board.say("a line that stays")
        assert board._live is not None
        board._live.refresh()
    said = out.getvalue()
    assert "and 488 more hosts" in said and "500 hosts: 500 running" in said
    assert "a line that stays" in said and "[red]The work" in said
