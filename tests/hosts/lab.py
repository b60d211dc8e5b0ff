"""A sandbox host with an inventory, and what a run of pyinfra on it gave."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.checkout import SOURCE
from sandbox.hosts import SandboxHost
from tests.hosts import runner

NAME = "acceptance"
"""The host that most runs are about."""


@dataclass(frozen=True)
class Run:
    """What one run of pyinfra with ``--json`` gave."""

    code: int
    told: str
    """Its standard error: progress, and the report."""
    answer: dict[str, Any]
    """Its standard output; empty if the run was broken off."""

    def predicted(self, host: str = NAME) -> set[str]:
        """Operations that ``--dry`` expects to change the host."""
        keys = ("hosts_with_change", "hosts_with_conditional_change")
        rows = self.answer["plan"]
        return {row["name"] for row in rows if any(host in row[key] for key in keys)}

    def changed(self, host: str = NAME) -> set[str]:
        """Operations that changed the host."""
        return {row["name"] for row in self._operations if host in row["success"]}

    def unchanged(self, host: str = NAME) -> set[str]:
        """Operations that found the host as it should be."""
        return {row["name"] for row in self._operations if host in row["no_change"]}

    def failed(self, host: str = NAME) -> set[str]:
        """Operations that failed on the host."""
        return {row["name"] for row in self._operations if host in row["error"]}

    @property
    def _operations(self) -> list[dict[str, Any]]:
        assert self.answer, f"the run was broken off:\n{self.told}"
        return list(self.answer["results"]["operations"])

    @property
    def report(self) -> str:
        """The report, its lines joined: rich wraps them at the width of the screen."""
        return re.sub(r"\s+", " ", self.told[self.told.find("gpuwright report") :])


@dataclass(frozen=True)
class Lab:
    """A sandbox host and an inventory that names it."""

    host: SandboxHost
    inventory: Path
    product: Path = SOURCE
    """Where the deploys lie: this checkout, or a copy of it with other digests (`tarballs`)."""

    def pyinfra(self, *words: str, deploy: str = runner.GPU_HOST) -> Run:
        """Run a deploy, or several with blanks between, and wait for their end."""
        done = subprocess.run(
            [sys.executable, "-m", "pyinfra", "--json", *words]
            + [str(self.inventory), *deploy.split()],
            cwd=self.product,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        answer = json.loads(done.stdout) if done.stdout.strip() else {}
        return Run(done.returncode, done.stderr, answer)

    def on_host(self, command: str) -> str:
        """Run a shell command on the host, which must succeed; gives its standard output."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def log_sessions(self) -> None:
        """Let the host's sshd write a line for every command, wherever it comes from."""
        # After a reload it is deaf for a moment, and nobody can say when.
        self.on_host("sed -i '1i LogLevel VERBOSE' /etc/ssh/sshd_config && systemctl restart ssh")

    def sessions(self, since: str) -> int:
        """Commands that came over the busiest of the connections made since then.

        sshd writes "Starting session: command for root from ADDRESS port PORT id N".
        """
        log = self.on_host(f"journalctl --sync; journalctl -o cat -t sshd --since @{since}")
        ports = re.findall(r"Starting session: .* port (\d+) id", log)
        return max(collections.Counter(ports).values(), default=0)


@dataclass(frozen=True)
class Made:
    """The runs that made a host a GPU host."""

    predicted: Run
    first: Run
    second: Run
