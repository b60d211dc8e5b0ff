"""A control group per host, so that the systemd of one host does not see another's processes.

The machine may have control groups version 2, version 1, or both side by side; a host's group
lies below the root of `name=systemd` and of version 2, whichever are mounted.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

from sandbox.checkout import MARK


def names() -> list[str]:
    """The names of hosts that have a control group, running or not."""
    found = {entry.name for top in _tops() for entry in top.glob(f"{MARK}-*")}
    return sorted(name.removeprefix(f"{MARK}-") for name in found)


def make(name: str) -> list[Path]:
    """Make host `name`'s groups and give the files to which a process writes itself to join."""
    groups = _groups(name)
    for group in groups:
        group.mkdir(exist_ok=True)
    return [group / "cgroup.procs" for group in groups]


def kill(name: str) -> None:
    """Kill every process in host `name`'s groups, then remove the groups."""
    deadline = time.monotonic() + 20
    for group in _groups(name):
        while group.is_dir() and time.monotonic() < deadline:
            for pid in _processes(group):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _remove(group)
            time.sleep(0.01)


def _tops() -> list[Path]:
    tops = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        # Only those of the machine's own tree: a chroot elsewhere may show the same ones again.
        if place.startswith("/sys/fs/cgroup") and (
            kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(","))
        ):
            tops.append(Path(place))
    return tops


def _groups(name: str) -> list[Path]:
    return [top / f"{MARK}-{name}" for top in _tops()]


def _processes(group: Path) -> list[int]:
    found = []
    for file in group.rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in file.read_text().split()]
    # 0 stands for a process of a namespace that this one does not see.
    return [pid for pid in found if pid > 0]


def _remove(group: Path) -> None:
    folders = [folder for folder in group.rglob("*") if folder.is_dir()]
    for folder in [*sorted(folders, key=lambda f: len(f.parts), reverse=True), group]:
        with contextlib.suppress(OSError):
            folder.rmdir()
