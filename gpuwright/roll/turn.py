"""One host's turn: looked at, drained, waited for, changed. Nothing of it touches another host."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gpuwright.roll import outcome
from gpuwright.roll.asking import Asking
from gpuwright.roll.board import Board
from gpuwright.roll.drains import DrainError, Nodes, Scheduler
from gpuwright.roll.logs import name as log_name
from gpuwright.roll.looks import Seen
from gpuwright.roll.options import Settings
from gpuwright.roll.outcome import Outcome
from gpuwright.roll.process import Machine, Wanted
from gpuwright.roll.state import Entry, Roll

LOOK_S = 600.0
"""For a look at some hosts: facts bound themselves, at two minutes of silence."""
PAUSE_S = 20.0
"""Between two looks at a host in use."""
FRESH_S = 60.0
"""A look is as good as a new one for so long."""
OURS, WANTED = "ours", "wanted"


@dataclass
class Work:
    """What all turns of a roll share."""

    roll: Roll
    settings: Settings
    machine: Machine
    asking: Asking
    board: Board
    nodes: Nodes
    scheduler: Scheduler | None = None
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """As many runs of pyinfra at once."""
    now: Callable[[], datetime.datetime] = datetime.datetime.now
    machines: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Machines that have been seen, and by which host's name."""

    def went_on(self) -> None:
        """Go no further where a signal ends the roll. Raises `asyncio.CancelledError`."""
        if self.machine.signal:
            raise asyncio.CancelledError

    async def look(self, names: list[str]) -> dict[str, Seen]:
        """Who uses these hosts' GPUs."""
        found = await self.asking.look(names, LOOK_S)
        self.went_on()
        return found


async def taken(work: Work, host: str, seen: Seen | None) -> None:
    """Take a host's turn and note how it ended; one that is done still has to pass the gate.

    Args:
        work: The roll.
        host: The host.
        seen: A look at it a moment ago; None: nobody looks who uses its GPUs.
    """
    entry = work.roll.hosts[host]
    entry.state, entry.why, entry.jobs, entry.slowest = outcome.RUNNING, "", {}, ""
    entry.log = str(work.roll.logs / log_name(host))
    began = time.monotonic()
    try:
        end = await _turn(work, host, entry, seen)
    except asyncio.CancelledError:
        touched = bool(entry.drained)
        why = f"{outcome.BY_SIGNAL}{work.machine.signal or 'the roll'}"
        end = Outcome(outcome.INTERRUPTED if touched else outcome.WAITING, f"{why} while it waited")
        _note(work, host, entry, end, began)
        raise
    except (DrainError, OSError) as error:
        end = Outcome(outcome.SKIPPED, f"{error}; nothing on it was changed")
    except Exception as error:  # one host is one host
        end = Outcome(outcome.FAILED, f"internal error, {type(error).__name__}: {error}")
    _note(work, host, entry, end, began)


def _note(work: Work, host: str, entry: Entry, end: Outcome, began: float) -> None:
    waits_for_gate = end.state == outcome.DONE and work.settings.gate != "none"
    entry.state = outcome.RUNNING if waits_for_gate else end.state
    entry.why, entry.jobs = end.why, dict(end.jobs)
    entry.seconds = round(time.monotonic() - began, 1)
    work.roll.save()
    if waits_for_gate:
        work.board.at(host, f"{end.why}; waits for the gate", told=True)
    else:
        work.board.over(host, entry)


async def _turn(work: Work, host: str, entry: Entry, seen: Seen | None) -> Outcome:
    at = time.monotonic()
    if seen is not None and (end := _not_fit(work, host, seen)):
        return end
    if work.scheduler is not None and (end := await _drained(work, host, entry)):
        return end
    while True:
        if end := await _free(work, host, seen):
            return end
        if work.scheduler is not None and entry.drained:
            work.board.at(host, "what moves by itself is moved away")
            await work.scheduler.empty(work.nodes.of(host))
        work.board.at(host, "waits for its turn")
        async with work.places:
            await in_hours(work, host)
            if work.roll.stopped:
                return Outcome(outcome.WAITING, "")
            if work.settings.busy == "ignore" or (seen and time.monotonic() - at < FRESH_S):
                return await _changed(work, host, entry)
            seen, at = (await work.look([host]))[host], time.monotonic()
            if end := _not_fit(work, host, seen):
                return end
            if not seen.owners:
                return await _changed(work, host, entry)


def _not_fit(work: Work, host: str, seen: Seen) -> Outcome | None:
    if not seen.reached:
        return Outcome(outcome.UNREACHABLE, seen.why or "it could not be reached")
    if seen.why:
        return Outcome(outcome.FAILED, f"it cannot be looked at: {seen.why}; nothing was changed")
    other = work.machines.setdefault(seen.machine, host) if seen.machine else host
    if other != host:
        return Outcome(outcome.REFUSED, f"SAME-MACHINE: it is {other} by another name")
    return None


async def _drained(work: Work, host: str, entry: Entry) -> Outcome | None:
    """Drain it, where nobody else has."""
    assert work.scheduler is not None
    node = work.nodes.of(host)
    standing = await work.scheduler.standing(node)
    entry.foreign = standing.by
    if standing.drained and not standing.ours:
        if work.settings.foreign == "skip":
            return Outcome(
                outcome.SKIPPED, f"drained by somebody else and left so: {standing.by or node}"
            )
        work.board.say(f"{host}: drained by somebody else, and stays so: {standing.by}")
        return None
    entry.drained = WANTED
    work.roll.save()
    if not standing.ours:
        await work.scheduler.drain(node)
    entry.drained = OURS
    work.roll.save()
    return None


async def _free(work: Work, host: str, seen: Seen | None) -> Outcome | None:
    """Wait until nobody uses its GPUs, up to the limit."""
    limit = time.monotonic() + work.settings.busy_s
    waited = False
    while True:
        users = ""
        if work.scheduler is not None:
            users = (await work.scheduler.standing(work.nodes.of(host))).jobs
        if not users and seen is not None:
            if waited and (end := _not_fit(work, host, seen)):
                return end
            users = ", ".join(seen.owners[:5])
        if not users:
            return None
        left = limit - time.monotonic()
        if work.settings.busy == "skip" or left <= 0:
            after = f" after {work.settings.busy_limit}" if waited else ""
            return Outcome(outcome.SKIPPED, f"in use{after}: {users}; nothing on it was changed")
        work.board.at(host, f"waits, in use: {users}", told=True)
        await asyncio.sleep(min(PAUSE_S, left))
        waited = True
        seen = (await work.look([host]))[host] if seen is not None else None


async def in_hours(work: Work, host: str) -> None:
    """Wait until the window is open for as long as the host's deadline."""
    if (hours := work.settings.hours) is None:
        return
    while hours.left(now := work.now()) < work.settings.deadline_s:
        opens = hours.opens(now)
        work.board.at(host, f"waits for the window {hours.text}: {opens:%a %H:%M}", told=True)
        await asyncio.sleep(min(60.0, max(1.0, (opens - now).total_seconds())))


async def _changed(work: Work, host: str, entry: Entry) -> Outcome:
    wanted = work.settings
    words = ["-y", *wanted.options, wanted.inventory, wanted.deploy]
    work.board.at(host, "begins", told=True)
    work.roll.save()  # that it has begun
    run = Wanted(words, [host], work.roll.logs / log_name(host), wanted.deadline_s)
    ran = await work.machine.run(run, lambda step: work.board.at(host, step))
    step, took = ran.slowest
    entry.slowest = f"{step}, {took:.0f} s" if step and took >= 1 else ""
    told = ran.reports.get(host)
    if told is None and not ran.ended and (why := ran.fatal):
        return Outcome(outcome.FAILED, why)
    end = outcome.of_run(told, ran.status, ran.ended, ran.step)
    if told is None and not ran.ended and ran.last_line:
        return Outcome(end.state, f"{end.why}; its last line: {ran.last_line}", end.jobs)
    return end
