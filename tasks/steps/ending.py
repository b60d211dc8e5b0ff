"""How a run ends: every host of it is told with its reason, and the exit status fits.

What is to be said at the end is left here, so that it is said once, whatever ended the run: its
last step, an error that pyinfra ends with, or a signal.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import pyinfra
from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ctx_state

from tasks.steps import course, failing, screen

Said = Callable[[], bool]
"""Says something at the end; gives whether every host of it has its verdict."""
UNREACHABLE = "it could not be reached"
UNKNOWN = 3


@dataclass
class _End:
    """How this run of the program ends."""

    left: list[Said] = field(default_factory=list)
    registered: bool = False
    status: int = 0
    """What a signal makes the exit status; 0: no signal came."""
    signal: str = ""
    """Its name, for a person."""
    failed: int = 1
    """The exit status where a host has no verdict."""
    judge: Callable[[], int | None] | None = None
    """Gives the exit status where no signal came; where it gives None, it is the program's own."""


_end = _End()


def critical(why: str) -> FunctionCommand:
    """Fail the host, and say why; the other hosts go on.

    Args:
        why: Codes of the findings, or the faults in words.
    """
    return FunctionCommand(_fail, (why,), {})


@failing.harmless
def _fail(state: object, host: Host, why: str) -> bool:
    logger.error(f"{host.print_prefix}verdict CRITICAL: {why}")
    return False


def at_end(say: Said) -> None:
    """Let this be said when the run ends, in the order in which it was left here."""
    if not _end.registered:
        _end.registered = True
        atexit.register(close)
    _end.left.append(say)


def ended_by(status: int, signal: str) -> bool:
    """A signal ends the run, with this exit status; whether it is the first one."""
    first = not _end.status
    _end.status, _end.signal = status, signal
    return first


def status() -> int:
    """The exit status that a signal gave; 0: none came."""
    return _end.status


def fails_with(status: int) -> None:
    """The exit status from now on where a host has no verdict."""
    _end.failed = status


def judged_by(judge: Callable[[], int | None]) -> None:
    """Let this give the exit status of a run that no signal ends."""
    _end.judge = judge


def interrupted() -> str:
    """The signal that ends the run, as a person calls it; empty: none came."""
    return _end.signal


def close() -> None:
    """Say what was left to be said. What goes wrong with one report keeps no other one back."""
    well = True
    while _end.left:
        say = _end.left.pop(0)
        try:
            well = say() and well
        except Exception as error:
            logger.error(f"a report could not be printed: {course.words(error)}")
            well = False
    if _end.status:
        screen.say(whereabouts(this_run()))
    if _end.judge is not None and not _end.status and (judged := _judged(_end.judge)) is not None:
        return leave(judged)
    if not well:
        leave(_end.status or _end.failed)


def _judged(judge: Callable[[], int | None]) -> int | None:
    try:
        return judge()
    except Exception as error:  # at the very end, Python would say so and end with 0
        logger.error(f"the exit status could not be found: {course.words(error)}")
        return UNKNOWN


def leave(status: int) -> None:
    """End the program now: at its very end, Python lets nobody change the exit status else."""
    if pyinfra.is_cli:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def whereabouts(run: State | None) -> list[str]:
    """What goes on on each host after a signal, and how to come back to it."""
    lines, jobs = [], []
    for host in run.inventory if run else ():
        now = course.of_host(host)
        for unit, title in now.jobs.items():
            jobs.append(unit)
            lines.append(f"  {host.name}: goes on by itself: {title}, systemd unit {unit}")
        if now.step and not now.jobs:
            lines.append(f'  {host.name}: stopped in the middle of "{now.step}"')
    if not lines:
        begun = run is not None and run.is_executing
        when = "between two steps" if begun else "before anything was changed"
        return ["", f"Ended by {_end.signal}, {when}. The same command begins again."]
    again = "Run the same command again: it goes on from there"
    again += ", after waiting for what still runs." if jobs else "."
    stop = [f"To end a job on its host instead: systemctl stop {jobs[0]}"] if jobs else []
    return ["", f"Ended by {_end.signal}:", *lines, again, *stop]


def this_run() -> State | None:
    """The run, once its inventory has been read."""
    run: State | None = ctx_state.get() if ctx_state.isset() else None  # type: ignore[no-untyped-call]
    return run if run is not None and run.initialised else None
