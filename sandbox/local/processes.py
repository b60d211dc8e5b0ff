"""Background processes that outlive the command that started them, and are found again.

A process is known by its id, its start time and the machine's boot: an id alone may have been
given to somebody else since. Each one also carries a mark in its environment, so that a process
whose starter was killed before it could write a record is found too.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.checkout import MARK

_VARIABLE = "GPUWRIGHT_SANDBOX_MARK"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Process:
    """One process of one boot of this machine."""

    pid: int
    start: int
    """Clock ticks after boot, field 22 of /proc/PID/stat (proc(5))."""
    boot: str

    def alive(self) -> bool:
        """Whether exactly this process still runs (a zombie does not)."""
        return self.boot == _boot_id() and _stat(self.pid) == self.start

    def kill(self) -> None:
        """Kill it at once and wait until it is gone."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while self.alive() and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            time.sleep(0.01)

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """The process that has `pid` now, or `None`."""
        start = _stat(pid)
        return None if start is None else cls(pid, start, _boot_id())

    @classmethod
    def from_record(cls, record: Any) -> "Process | None":
        """Read back what `dataclasses.asdict` made."""
        return cls(**record) if record else None


def spawn(what: str, argv: Sequence[str], log: Path, cwd: Path | None = None) -> Process:
    """Start `argv` in a session of its own, output appended to `log`, marked as `what`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd=cwd,
            env=marked_environment(what),
        )
    process = Process.of(child.pid)
    if process is None:
        # It ended before it could be looked at: a record that is never alive.
        return Process(child.pid, -1, _boot_id())
    return process


def marked_environment(what: str) -> dict[str, str]:
    """The environment of this process with the mark of `what` added."""
    return {**os.environ, _VARIABLE: f"{MARK}:{what}"}


def marked_words(what: str) -> tuple[str, ...]:
    """What to put before a command so that it carries the mark of `what`."""
    return ("env", f"{_VARIABLE}={MARK}:{what}")


def marked(what: str | None = None) -> Iterator[Process]:
    """Every process of this checkout, or only those marked as `what`."""
    wanted = f"{_VARIABLE}={MARK}:".encode() + (f"{what}\0".encode() if what else b"")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes() + b"\0"
        except OSError:
            continue
        if wanted in environment and (process := Process.of(int(entry.name))):
            yield process


def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()


def _stat(pid: int) -> int | None:
    """Start time of `pid`, or `None` if there is no such process or only its zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name, in brackets, may hold anything, spaces and brackets too.
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])
