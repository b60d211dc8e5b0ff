"""Run pyinfra on sandbox hosts the way a user does: its command line, an inventory, a deploy."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import inventory as sandbox_inventory
from sandbox.checkout import SOURCE
from sandbox.hosts import SandboxHost

GPU_HOST = "deploys/gpu_host.py"


@dataclass(frozen=True)
class Outcome:
    """How a run ended and what it said on both outputs, without colours."""

    code: int
    said: str

    def line(self, words: str) -> str:
        """The one line that holds ``words``; fails the test where there is none."""
        found = [line for line in self.said.splitlines() if words in line]
        assert found, f"no line says {words!r}:\n{self.said}"
        return found[0]

    @property
    def changes(self) -> list[str]:
        """Names of the operations that changed something, from pyinfra's closing table."""
        rows = re.findall(r"^(.+?) {2,}(\d+|-) +(\d+|-) +(\d+|-) *$", self.said, re.MULTILINE)
        return [name.strip() for name, changed, *_ in rows if changed not in ("-", "0")]


def host_data(host: SandboxHost, **more: Any) -> dict[str, Any]:
    """What an inventory says about a sandbox host, with ``more`` laid over it."""
    return {**sandbox_inventory.host_data(host), **more}


def inventory(folder: Path, **hosts: Mapping[str, Any]) -> Path:
    """Write an inventory file with these hosts and their data; give its path."""
    path = folder / "inventory.py"
    path.write_text(f"hosts = {[(name, dict(data)) for name, data in hosts.items()]!r}\n")
    return path


def start(folder: Path, *words: str, deploy: str = GPU_HOST) -> subprocess.Popen[str]:
    """Start pyinfra with the inventory in ``folder``, its output going to ``folder/said``."""
    with (folder / "said").open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "pyinfra", "-y", *words, str(folder / "inventory.py"), deploy],
            cwd=SOURCE,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )


def wait(process: subprocess.Popen[str], folder: Path, limit_s: float = 600) -> Outcome:
    """Wait for a started pyinfra and give its outcome; kills it after ``limit_s`` seconds."""
    try:
        code = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"no end after {limit_s} s:\n{said(folder)}") from None
    return Outcome(code, said(folder))


def said(folder: Path) -> str:
    """What the pyinfra started in ``folder`` has said so far, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", (folder / "said").read_text(errors="replace"))


def run(
    host: SandboxHost, folder: Path, *words: str, deploy: str = GPU_HOST, **data: Any
) -> Outcome:
    """Run a deploy on one sandbox host with host data ``data`` and wait for its end."""
    inventory(folder, **{host.name: host_data(host, **data)})
    return wait(start(folder, *words, deploy=deploy), folder)


@contextlib.contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Leave no pyinfra behind a test that fails."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def until(
    reached: Callable[[], bool], what: str, limit_s: float = 300, every_s: float = 0.02
) -> None:
    """Wait until ``reached`` is true; fails the test after ``limit_s`` seconds."""
    deadline = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < deadline, f"it did not come to that: {what}"
        time.sleep(every_s)


def jobs_ended(host: SandboxHost, limit_s: int) -> None:
    """Wait until no job of ours runs on the host; fails the test after ``limit_s`` seconds.

    The host looks by itself: a login each time would cost more than what is waited for.
    """
    running = 'systemctl list-units --plain --no-legend --state=running "gpuwright-*"'
    done = host.run(f"timeout {limit_s} sh -c 'while {running} | grep -q .; do sleep 0.5; done'")
    assert done.returncode == 0, f"its jobs do not end: {done.stdout}{done.stderr}"


def fingerprint(host: SandboxHost) -> str:
    """Packages, apt's own state and every file that a run of ours could write."""
    done = host.run(
        "dpkg-query -W | sha256sum; apt-mark showhold | sha256sum; "
        "find /etc /opt /usr/local /var/lib/gpuwright /var/lib/dpkg /var/lib/apt /var/tmp -xdev "
        r"-printf '%p %y %s %C@ %l\n' 2>/dev/null | sort"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def untouched(host: SandboxHost, but: str = "") -> Iterator[None]:
    """The host is after the block as it was before it; ``but``: a file that may have come."""
    before = fingerprint(host).splitlines()
    yield
    after = fingerprint(host).splitlines()
    known = {but, but.rpartition("/")[0]} - {""}
    touched = sorted(line for line in {*before} ^ {*after} if line.split(" ")[0] not in known)
    assert not touched, "\n".join(touched)
