"""One host's turn: what it waits for, by a clock and answers of the test's own."""

from __future__ import annotations

import asyncio
import datetime
import io
from dataclasses import replace
from pathlib import Path

import pytest

from gpuwright.roll import turn
from gpuwright.roll.asking import Asking
from gpuwright.roll.board import Board
from gpuwright.roll.drains import Nodes, Standing
from gpuwright.roll.looks import Seen
from gpuwright.roll.options import Settings
from gpuwright.roll.process import Machine, Ran, Wanted
from gpuwright.roll.state import Entry, Roll
from gpuwright.roll.turn import Work

BEGUN = datetime.datetime(2026, 11, 2, 20, 0)  # a Monday


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.s = 1000.0

    async def sleep(self, seconds: float) -> None:
        self.s += seconds

    def monotonic(self) -> float:
        return self.s

    def now(self) -> datetime.datetime:
        return BEGUN + datetime.timedelta(seconds=self.s - 1000)


class Answers(Asking):
    """Says who uses the GPUs: the first answer, and the last one for ever."""

    owners: list[tuple[str, ...]]

    async def look(self, names: object, deadline_s: float) -> dict[str, Seen]:
        owners = self.owners.pop(0) if len(self.owners) > 1 else self.owners[0]
        return {"gpu1": Seen("gpu1", True, "", owners)}


class Runs(Machine):
    """Notes when pyinfra would run."""

    at: list[float]

    async def run(self, wanted: Wanted, at_step: object = None) -> Ran:
        self.at.append(turn.time.monotonic() - 1000)
        return Ran(0, last_line="ran")


class Scheduler:
    """A scheduler whose node runs jobs until some time, and what it was told."""

    def __init__(self, clock: Clock, until_s: float = 0, by: str = "") -> None:
        self.clock, self.until_s, self.by = clock, until_s, by
        self.told: list[str] = []

    async def standing(self, node: str) -> Standing:
        jobs = "a job" if self.clock.s - 1000 < self.until_s else ""
        ours = self.told[-1:] == ["drain"]
        return Standing(ours or bool(self.by), ours, self.by, jobs)

    async def drain(self, node: str) -> None:
        self.told.append("drain")

    async def empty(self, node: str) -> None:
        self.told.append("empty")

    async def undrain(self, node: str) -> None:
        self.told.append("undrain")

    def undrain_command(self, node: str) -> str:
        return "undrain"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(turn.asyncio, "sleep", made.sleep)
    monkeypatch.setattr(turn.time, "monotonic", made.monotonic)
    return made


def work(folder: Path, clock: Clock, *owners: tuple[str, ...], **settings: object) -> Work:
    """A roll of one host."""
    wanted = replace(Settings("d.py", "lab.py", gate="none"), **settings)  # type: ignore[arg-type]
    machine = Runs(folder)
    machine.at = []
    asking = Answers(machine, "lab.py", [], folder)
    asking.owners = list(owners or ((),))
    roll = Roll("r", folder, {}, {"gpu1": Entry()})
    board = Board(roll.hosts, io.StringIO())
    return Work(roll, wanted, machine, asking, board, Nodes(), now=clock.now)


def begun(made: Work, seen: Seen | None = None) -> list[float]:
    """When its run of pyinfra began, in seconds; the host's turn is over then."""
    asyncio.run(turn.taken(made, "gpu1", seen))
    assert isinstance(made.machine, Runs)
    return made.machine.at


def used(*owners: str) -> Seen:
    return Seen("gpu1", True, "", owners)


def test_host_in_use_begins_when_nobody_uses_it(tmp_path: Path, clock: Clock) -> None:
    made = work(tmp_path, clock, ("alice: a (1)",), ())
    assert begun(made, used("alice: a (1)")) == [2 * turn.PAUSE_S]


def test_host_in_use_is_skipped_at_the_limit_and_never_touched(
    tmp_path: Path, clock: Clock
) -> None:
    made = work(tmp_path, clock, ("alice: a (1)",), busy_limit="50s")
    assert begun(made, used("alice: a (1)")) == []
    entry = made.roll.hosts["gpu1"]
    assert (entry.state, entry.seconds) == ("skipped", 50)
    assert entry.why == "in use after 50s: alice: a (1); nothing on it was changed"


def test_host_waits_for_a_window_that_its_deadline_fits_into(tmp_path: Path, clock: Clock) -> None:
    made = work(tmp_path, clock, window="22:00-06:00", deadline="2h")
    assert begun(made, used()) == [2 * 3600]
    clock.s = 1000 + 8.5 * 3600  # 04:30: open, but an hour and a half are left
    assert begun(made, used())[1:] == [26 * 3600]


def test_jobs_of_the_scheduler_are_waited_for_after_the_drain(tmp_path: Path, clock: Clock) -> None:
    made = work(tmp_path, clock)
    made.scheduler = scheduler = Scheduler(clock, until_s=50)
    assert begun(made, used()) == [3 * turn.PAUSE_S]
    assert scheduler.told == ["drain", "empty"]
    assert made.roll.hosts["gpu1"].drained == "ours"


@pytest.mark.parametrize(("foreign", "runs"), [("skip", []), ("roll", [0.0])])
def test_node_that_somebody_else_has_drained_is_told_and_never_drained_by_us(
    tmp_path: Path, clock: Clock, foreign: str, runs: list[float]
) -> None:
    made = work(tmp_path, clock, foreign=foreign)
    made.scheduler = scheduler = Scheduler(clock, by="bob: fan")
    assert begun(made, used()) == runs
    entry = made.roll.hosts["gpu1"]
    assert (entry.foreign, entry.drained, scheduler.told) == ("bob: fan", "", [])


def test_machine_with_two_names_is_changed_under_one(tmp_path: Path, clock: Clock) -> None:
    made = work(tmp_path, clock)
    made.machines[("boot", "id")] = "gpu0"
    assert begun(made, Seen("gpu1", True, "", (), ("boot", "id"))) == []
    assert made.roll.hosts["gpu1"].state == "refused"


def test_look_that_is_old_when_its_turn_comes_is_taken_again(tmp_path: Path, clock: Clock) -> None:
    made = work(tmp_path, clock, ("bob: b (2)",), (), window="22:00-06:00")
    assert begun(made, used()) == [2 * 3600 + turn.PAUSE_S], "bob came while it waited"
