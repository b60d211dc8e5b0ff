"""Programs with an end: none is waited for longer than it may take, whatever holds it.

``subprocess`` waits without end for a child that it has killed. One that hangs in the kernel, as in
a call of a GPU's driver, cannot be killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

MOST_BYTES = 2**20
"""Of what a program says, the end of it that is read."""
KILL_S = 3
"""How long a killed program may take to be gone."""


class Timed:
    """A program that was started; it writes to files, so that it never waits for its reader."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
    ) -> None:
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - read after its end
        self._err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [*words],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    @property
    def status(self) -> int | None:
        """Exit status; None: it has not ended."""
        return self._process.poll()

    @property
    def out(self) -> str:
        """What it printed, at most the last `MOST_BYTES`."""
        return _end_of(self._out)

    @property
    def err(self) -> str:
        """The same of its errors."""
        return _end_of(self._err)

    def ended(self, deadline: float) -> bool:
        """Wait until it has ended, or until `time.monotonic` is at the deadline."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        return self.status is not None

    def stop(self) -> str:
        """Kill it with all that it started; say so where it cannot be killed."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self.ended(time.monotonic() + KILL_S):
            return ""
        # Python would wait for it, or warn, when this program ends; it belongs to process 1 then.
        self._process.returncode = -signal.SIGKILL
        pid = self._process.pid
        return f"; process {pid} cannot be killed: it hangs in the kernel ({_where(pid)})"


def _where(pid: int) -> str:
    try:
        return f"state {Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]}"
    except (OSError, IndexError):
        return "state unknown"


def _end_of(file: IO[bytes]) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), MOST_BYTES, max(0, size - MOST_BYTES)).decode(errors="replace")
