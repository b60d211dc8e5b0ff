"""One fresh host that becomes a GPU host, with real packages, once per session.

The runs follow each other in a fixed order: predicted (`--dry`), made so, made so again, predicted
again. Tests look at what each of them said.
"""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts, prepare
from sandbox.checkout import SOURCE, SandboxError
from sandbox.faults.catalog import Fault
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import fault_table, runner

NAME = "acceptance"
ORDER = (
    "sandbox",
    "vm",
    "bad_input",
    "redist",
    "doctor",
    "repair",
    "guard",
    "jetson",
    "container_host",
    "workspace",
    "image",
    "gpu_host",
    "bad_luck",
    "debian_13",
    "nvidia_apt",
    "ubuntu",
    "rocky",
)
"""Cheap tests first, and the longest not last; a module's place is that of the first word that its
name holds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the modules in `ORDER`; the order inside each stays."""

    def place(item: pytest.Item) -> int:
        words = [i for i, word in enumerate(ORDER) if word in item.path.stem]
        return words[0] if words else len(ORDER)

    items.sort(key=place)


@pytest.fixture
def reached(
    record_property: Callable[[str, object], None],
) -> Callable[[Fault, str, str], None]:
    """Write down that a fault, on a kind of host, has come to one of `fault_table.STEPS`."""

    def write(fault: Fault, place: str, step: str) -> None:
        record_property(fault_table.PROPERTY, fault_table.entry(fault, place, step))

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of faults, where any test of this run made one."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    entries = [
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == fault_table.PROPERTY
    ]
    if entries:
        terminalreporter.section("faults: made, named, repaired")
        for line in fault_table.lines(entries):
            terminalreporter.write_line(line)


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

    def pyinfra(self, *words: str, deploy: str = runner.GPU_HOST) -> Run:
        """Run a deploy, or several with blanks between, and wait for their end."""
        done = subprocess.run(
            [sys.executable, "-m", "pyinfra", "--json", *words]
            + [str(self.inventory), *deploy.split()],
            cwd=SOURCE,
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
        self.on_host("sed -i '1i LogLevel VERBOSE' /etc/ssh/sshd_config && systemctl reload ssh")

    def sessions(self, since: str) -> int:
        """Commands that came over the busiest of the connections made since then.

        sshd writes «Starting session: command for root from ADDRESS port PORT id N».
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


@dataclass(frozen=True)
class GpuHost:
    """The host, and the runs that made it a GPU host."""

    lab: Lab
    predicted: Run
    first: Run
    second: Run
    second_sessions: int
    predicted_again: Run


@pytest.fixture(scope="session")
def gpu_host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GpuHost]:
    """A fresh Debian 12 host with one simulated H100, made a GPU host.

    After a failed test it is left running for a look: ``python -m sandbox ssh acceptance``.
    """
    try:
        prepare.check()
    except SandboxError as error:
        pytest.skip(str(error))
    host = hosts.up(HostSpec(NAME, gpus=("h100",)), fresh=True)
    folder = tmp_path_factory.mktemp("gpu-host")
    data = {NAME: runner.host_data(host, stack="pytorch-2.9")}
    lab = Lab(host, runner.inventory(folder, **data))
    lab.log_sessions()
    predicted, first = lab.pyinfra("--dry"), lab.pyinfra("-y")
    now = lab.on_host("date +%s.%N")
    second = lab.pyinfra("-y")
    sessions = lab.sessions(now)
    yield GpuHost(lab, predicted, first, second, sessions, lab.pyinfra("--dry"))
    if not request.session.testsfailed:
        host.down()
