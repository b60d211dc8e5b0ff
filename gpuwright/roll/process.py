"""Processes of pyinfra: begun, heard, bounded in time, and ended when the roll ends.

Each host that is changed has a process of its own. In a common one, a host that hangs holds the
others, an exception ends them all, and no deadline ends one alone (read and run in pyinfra 3.10.0).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gpuwright
from gpuwright import deploy
from gpuwright.roll.logs import Log
from gpuwright.roll.outcome import BY_SIGNAL, Report, report
from gpuwright.roll.secrets import Secrets
from stacks.model.plain import one_line

GRACE_S = 1.2
"""From SIGTERM to SIGKILL: a run of pyinfra says in this time what goes on on its host, and the
roll itself has two seconds from Ctrl-C on."""
_MOST_SAID = 64 * 1024 * 1024
"""Bytes of an answer: 1,000 hosts of 64 kB each."""
_LOG_S = 0.2
"""From its report to SIGKILL."""
_LINGER_S = 1.0
"""For pipes that something left behind by a run keeps open."""


@dataclass(frozen=True)
class Wanted:
    """One run of pyinfra."""

    words: Sequence[str]
    """The words behind ``pyinfra``."""
    hosts: Sequence[str] | None
    """For whom; None: for whom the words leave."""
    log: Path
    deadline_s: float
    only_list: bool = False
    answers: bool = False
    """Whether its standard output is an answer, and no part of the log."""


@dataclass
class Ran:
    """How a run went."""

    status: int | None = None
    ended: str = ""
    """Why we ended it; empty: it ended by itself."""
    reports: dict[str, Report] = field(default_factory=dict)
    listed: list[dict[str, Any]] | None = None
    fatal: str = ""
    said: bytes = b""
    last_line: str = ""
    step: str = ""
    """The step that it was at last."""
    slowest: tuple[str, float] = ("", 0.0)
    """The step that took longest, in seconds."""
    seconds: float = 0.0


@dataclass
class Machine:
    """What all runs of a roll have in common."""

    folder: Path
    """In which pyinfra is called."""
    secrets: Secrets = field(default_factory=Secrets)
    lock: int | None = None
    """A file that says, as long as anybody has it open, that the roll goes on."""
    signal: str = ""
    """The signal that ends the roll, as a person calls it."""

    async def run(self, wanted: Wanted, at_step: Callable[[str], None] = lambda _: None) -> Ran:
        """Run pyinfra; a signal, its deadline or its own end ends it.

        Args:
            wanted: The run.
            at_step: Called with the name of each step that begins.

        Raises:
            OSError: It cannot be begun.
        """
        ran = Ran()
        began = time.monotonic()
        log = Log(wanted.log, self.secrets.values)
        events, theirs = os.pipe()
        kept = (theirs,) if self.lock is None else (theirs, self.lock)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gpuwright.roll.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if wanted.answers else subprocess.STDOUT,
                cwd=self.folder,
                env=_environment(),
                pass_fds=kept,
                start_new_session=True,
            )
        except BaseException:
            os.close(events)
            log.close()
            raise
        finally:
            os.close(theirs)
        hearing = asyncio.ensure_future(_heard(events, ran, at_step, log))
        assert process.stdin is not None and process.stdout is not None
        said = process.stderr if process.stderr is not None else process.stdout
        pumps = [hearing, asyncio.ensure_future(_logged(said, log))]
        if wanted.answers:
            pumps.append(asyncio.ensure_future(_kept(process.stdout, ran)))
        try:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(self._instructions(wanted, theirs))
                await process.stdin.drain()
                process.stdin.close()
            await asyncio.wait_for(asyncio.shield(_over(process)), wanted.deadline_s)
        except asyncio.TimeoutError:
            ran.ended = f"its deadline of {wanted.deadline_s:.0f} s passed"
            await _ended(process, ran)
        except asyncio.CancelledError:
            if not self.signal:
                process.kill()
                raise
            ran.ended = BY_SIGNAL + self.signal
            await _ended(process, ran)
        await asyncio.wait(pumps, timeout=_LINGER_S if not self.signal else 0.1)
        for pump in pumps:
            pump.cancel()
        log.close()
        ran.status, ran.last_line = process.returncode, one_line(log.last)
        ran.seconds = time.monotonic() - began
        return ran

    def _instructions(self, wanted: Wanted, events: int) -> bytes:
        told = {
            "parent": os.getpid(),
            "events": events,
            "words": list(wanted.words),
            "hosts": None if wanted.hosts is None else list(wanted.hosts),
            "only_list": wanted.only_list,
            "data": dict(self.secrets.data),
            "environment": dict(self.secrets.environment),
        }
        return json.dumps(told).encode()


def _environment() -> Mapping[str, str]:
    """Our own; so that the very same gpuwright is imported, whatever lies in the folder."""
    env = {**os.environ, "PYINFRA_PROGRESS": "off"}
    if deploy.names():
        return {**env, "PYTHONSAFEPATH": "1"}
    checkout = str(Path(gpuwright.__file__).resolve().parents[1])
    path = [checkout, *filter(None, [env.get("PYTHONPATH")])]
    return {**env, "PYTHONPATH": os.pathsep.join(path)}


async def _over(process: asyncio.subprocess.Process) -> None:
    await process.wait()


async def _ended(process: asyncio.subprocess.Process, ran: Ran) -> None:
    """SIGTERM, then SIGKILL, for the process and all that it began.

    Once it has told how it stands with its host, it has only its log left to write.
    """
    over = asyncio.ensure_future(_over(process))
    told = asyncio.ensure_future(_told(ran))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    await asyncio.wait({over, told}, timeout=GRACE_S, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({over}, timeout=_LOG_S)
    told.cancel()
    if not over.done():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.wait({over}, timeout=GRACE_S)


async def _told(ran: Ran) -> None:
    while not ran.reports:
        await asyncio.sleep(0.02)


async def _heard(pipe: int, ran: Ran, at_step: Callable[[str], None], log: Log) -> None:
    reader = asyncio.StreamReader(limit=_MOST_SAID)
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(pipe, "rb", 0))
    since = time.monotonic()
    try:
        while line := await reader.readline():
            try:
                event = json.loads(log.hidden(line))
            except ValueError:
                continue
            if not isinstance(event, dict):
                continue
            if isinstance(step := event.get("step"), str):
                now = time.monotonic()
                _timed(ran, now - since)
                ran.step, since = one_line(step), now
                at_step(ran.step)
            if isinstance(ended := event.get("ended"), dict):
                _timed(ran, time.monotonic() - since)
                found = {name: report(said) for name, said in ended.items()}
                ran.reports = {name: said for name, said in found.items() if said is not None}
            if isinstance(listed := event.get("hosts"), list):
                ran.listed = [each for each in listed if isinstance(each, dict)]
            if isinstance(fatal := event.get("fatal"), str):
                ran.fatal = one_line(fatal)
    except ValueError:  # a line longer than the limit
        pass
    finally:
        transport.close()


def _timed(ran: Ran, seconds: float) -> None:
    if ran.step and seconds > ran.slowest[1]:
        ran.slowest = (ran.step, round(seconds, 1))


async def _logged(stream: asyncio.StreamReader, log: Log) -> None:
    while data := await stream.read(64 * 1024):
        log.write(data)


async def _kept(stream: asyncio.StreamReader, ran: Ran) -> None:
    while data := await stream.read(64 * 1024):
        if len(ran.said) < _MOST_SAID:
            ran.said += data
