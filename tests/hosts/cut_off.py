"""Runs that are cut off on purpose, at the moment when a job of the host says certain words."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sandbox.hosts import SandboxHost
from tests.hosts import runner

JOBS = "var/lib/gpuwright/jobs"


@dataclass(frozen=True)
class Phase:
    """Where a run is cut off, and how."""

    how: Literal["power", "kill"]
    """The host loses its power, or only the controller's program is killed."""
    file: str
    """Of a job on the host, such as ``driver/status``."""
    words: str
    """What the file says by then."""


def until(reached: Callable[[], bool], process: Any, limit_s: float = 120) -> bool:
    """Wait until ``reached``; whether it came before the run ended."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if reached():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def said(host: SandboxHost, file: str, since: float) -> str:
    """What a job's file says, read from the host's disk; empty where it is older than ``since``."""
    path = host.rootfs / JOBS / file
    with contextlib.suppress(OSError):
        if path.stat().st_mtime >= since:
            return path.read_text(errors="replace")
    return ""


def cut_off(host: SandboxHost, folder: Path, phase: Phase) -> bool:
    """Start a run with the inventory in ``folder`` and cut it off; whether the phase was met.

    A run that ends before it comes to that is left as it ended. The host runs afterwards.
    """
    since = time.time()
    with runner.killed_at_the_end(runner.start(folder)) as process:
        met = until(lambda: phase.words in said(host, phase.file, since), process)
        if met and phase.how == "power":
            host.kill()
        process.kill()
        process.wait()
    if met and phase.how == "power":
        host.boot()
    return met
