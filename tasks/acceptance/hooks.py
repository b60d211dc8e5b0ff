"""Commands of this machine that are run once per change of a host's verdict: drain it, and back.

CRITICAL fails and OK or WARN pass. UNKNOWN changes nothing: a network that is down would else drain
every host behind it. What a host says is never part of a command: its name is the inventory's, and
the codes are ours.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from stacks.model.plain import one_line
from tasks.acceptance.drained import Known, Place
from tasks.finding import Level

LIMIT_S = 60
"""For one command; then it is killed, with all that it has begun."""
KILL_S = 3
MOST_SAID = 4096
"""Bytes at the end of what it says that are looked at."""


@dataclass(frozen=True)
class Told:
    """What became of a hook."""

    hook: str
    """``on_fail`` or ``on_pass``."""
    went_well: bool
    text: str


def run(
    host: str,
    verdict: Level,
    codes: Sequence[str],
    on_fail: Sequence[str] = (),
    on_pass: Sequence[str] = (),
    limit_s: float = LIMIT_S,
) -> tuple[Told, ...]:
    """Run what the change of this host's verdict asks for; nothing where there is none.

    A hook that fails is run again by the next run. Only a host that ``on_fail`` was run for gets
    ``on_pass``: who was drained by somebody else stays so.

    Args:
        host: Its name in the inventory.
        verdict: Its verdict.
        codes: Of what was found, the worst first.
        on_fail: The command for a host that fails.
        on_pass: The command for one that passes again.
        limit_s: Seconds that a command may take.
    """
    if verdict == "UNKNOWN" or not (on_fail or on_pass):
        return ()
    try:
        place = Place(host)
        with place.held():
            known, told = _changed(place.read(), host, verdict, codes, on_fail, on_pass, limit_s)
            place.write(known)
        return told
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        text = f"not run, since what was run before cannot be kept on this machine ({why})"
        return (Told("on_fail" if verdict == "CRITICAL" else "on_pass", False, one_line(text)),)


def _changed(
    known: Known,
    host: str,
    verdict: Level,
    codes: Sequence[str],
    on_fail: Sequence[str],
    on_pass: Sequence[str],
    limit_s: float,
) -> tuple[Known, tuple[Told, ...]]:
    fails = verdict == "CRITICAL"
    if fails and known.failed and known.drained:
        return known, ()
    if not fails and not known.drained:
        return Known(), ()
    command, hook = (on_fail, "on_fail") if fails else (on_pass, "on_pass")
    if not command:
        # Nobody is told. Who gives the command later still gets the host drained, or back.
        return Known(fails, known.drained), ()
    told = _ran(hook, command, host, verdict, codes, limit_s)
    if not told.went_well:
        return known, (told,)
    return Known(fails, fails), (told,)


def _ran(
    hook: str,
    command: Sequence[str],
    host: str,
    verdict: str,
    codes: Sequence[str],
    limit_s: float,
) -> Told:
    listed = ",".join(dict.fromkeys(codes)) or "none"
    words = [*command, host, listed]
    environment = {
        **os.environ,
        "GPUWRIGHT_HOST": host,
        "GPUWRIGHT_CODES": listed,
        "GPUWRIGHT_VERDICT": verdict,
    }
    shown = shlex.join(words)
    try:
        status, said = _timed(words, environment, limit_s)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return Told(hook, False, one_line(f"{shown}: cannot be started: {why}"))
    if status is None:
        return Told(hook, False, one_line(f"{shown}: no end within {limit_s:g} s{said}"))
    if status:
        return Told(hook, False, one_line(f"{shown}: ends with {status}{said}"))
    return Told(hook, True, one_line(f"{shown}: done{said}"))


def _timed(
    words: Sequence[str], environment: dict[str, str], limit_s: float
) -> tuple[int | None, str]:
    """Exit status, None where it was killed, and its last line behind a colon.

    It writes to a file: what it has begun may hold a pipe open for ever.
    """
    with tempfile.TemporaryFile() as output:
        program = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        status: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = program.wait(limit_s)
        if status is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(KILL_S)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - MOST_SAID))
        lines = output.read(MOST_SAID).decode(errors="replace").strip().splitlines()
    return status, f": {lines[-1][:300]}" if lines else ""
