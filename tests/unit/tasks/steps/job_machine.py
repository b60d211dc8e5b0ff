"""A machine for scripts of jobs: real shell, with stand-ins for systemd's two commands.

The scripts run for real, below a temporary folder; the unit's process is a plain process whose pid
lies in a file.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tasks.steps import job

SYSTEMD_RUN = """#!/bin/sh
echo "$@" >>"$UNITS/asked"
while [ "$1" != /bin/sh ]; do
    case $1 in --setenv=*) export "${1#--setenv=}" ;; --unit=*) unit=${1#--unit=} ;; esac
    shift
done
setsid "$@" >/dev/null 2>&1 </dev/null &
echo $! >"$UNITS/$unit"
"""
SYSTEMCTL = """#!/bin/sh
[ "$1" = is-active ] || exit 0
state=$(ps -o stat= -p "$(cat "$UNITS/$2" 2>/dev/null || echo 0)" 2>/dev/null)
case $state in ''|Z*) echo inactive; exit 3 ;; *) echo active ;; esac
"""


@dataclass
class Machine:
    """A machine with systemd, as far as jobs see one."""

    folder: Path

    def run(self, script: str) -> list[str]:
        """Run a script of `tasks.steps.job`; gives the lines that it prints."""
        done = self.sent(script, "")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def tried(self, script: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one that may fail; `path`: the only folder of programs."""
        return self.sent(script, "", path)

    def sent(
        self, script: str, read: str, path: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with something to read; `path`: the only folder of programs."""
        return subprocess.run(
            ["/bin/sh", "-c", script],
            input=read,
            env={
                "PATH": str(path or f"{self.folder / 'bin'}:{os.environ['PATH']}"),
                "UNITS": str(self.folder / "units"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def pid(self, a_job: job.Job) -> int:
        """The process of the job's unit."""
        return int((self.folder / "units" / a_job.unit).read_text())

    @property
    def asked(self) -> str:
        """What systemd-run was asked for."""
        return (self.folder / "units/asked").read_text()


def gate(tmp_path: Path, then: str = ":") -> str:
    """A script that ends when the file ``go`` is there."""
    return f"until [ -e {tmp_path}/go ]; do sleep 0.05; done\n{then}"


def running(told: list[str]) -> list[str]:
    """What a running job tells beside that."""
    assert re.fullmatch(r"state running \d+", told[0])
    return told[1:]


def seconds(told: list[str]) -> int:
    """The number in the first line."""
    return int(told[0].split()[-1])
