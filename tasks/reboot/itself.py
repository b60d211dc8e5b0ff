"""A machine that provisions itself: it reboots once the run is over, and goes on after it.

Here the run would end with the machine. So the run only asks, and the program that started it
(`tasks.pull.onhost`) reboots, and starts another one after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pyinfra.api.host import Host

FOLDER = "GPUWRIGHT_PULL"
"""Variable with the folder in which the program is asked; root's alone."""


def goes_on(host: Host) -> bool:
    """Whether this host is the machine at hand, and its run is started again after a reboot."""
    return bool(os.environ.get(FOLDER)) and getattr(host.connector, "client", None) is None


def tried() -> set[str]:
    """Causes for which the program has rebooted this machine already."""
    said = Path(os.environ[FOLDER], "rebooted-for")
    return set(said.read_text(encoding="utf-8").splitlines()) if said.is_file() else set()


def ask(causes: Iterable[str]) -> None:
    """Ask the program for a reboot, once this run is over. Raises `OSError`."""
    Path(os.environ[FOLDER], "reboot").write_text("".join(f"{one}\n" for one in causes))
