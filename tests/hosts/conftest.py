"""One fresh host that becomes a GPU host, with real packages, once per session.

The runs follow each other in a fixed order: predicted (`--dry`), made so, made so again, predicted
again. Tests look at what each of them said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.container import builds
from sandbox.faults.catalog import Fault
from sandbox.hosts import HostSpec
from sandbox.local import prepare
from tests.hosts import fault_table, floor, onlooker, runner
from tests.hosts.floor import pytest_runtest_logreport, pytest_sessionfinish
from tests.hosts.lab import NAME, Lab, Run
from tests.hosts.schedule import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)
from tests.hosts.site import site

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_logreport",
    "pytest_runtest_setup",
    "pytest_sessionfinish",
    "pytest_xdist_make_scheduler",
    "site",
]

os.environ["GPUWRIGHT_CACHE"] = "off"  # what one test fetched for a bundle is not there for others


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each module be built for real once in every run, by whichever host comes first."""
    if not hasattr(session.config, "workerinput"):
        builds.forget()


@pytest.fixture
def reached(
    record_property: Callable[[str, object], None],
) -> Callable[[Fault, str, str], None]:
    """Write down that a fault, on a kind of host, has come to one of `fault_table.STEPS`."""

    def write(fault: Fault, place: str, step: str) -> None:
        record_property(fault_table.PROPERTY, fault_table.entry(fault, place, step))

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of faults, where any test of this run made one, and what did not run."""
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
    floor.summary(terminalreporter)


@dataclass(frozen=True)
class GpuHost:
    """The host, and the runs that made it a GPU host."""

    lab: Lab
    predicted: Run
    first: Run
    second: Run
    second_sessions: int
    predicted_again: Run
    seen: onlooker.Seen
    """What an ordinary account saw of the mirror's password during the first two."""


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
    own = runner.host_data(host, stack="pytorch-2.9")
    own["mirrors"] = {kind: onlooker.with_login(url) for kind, url in own["mirrors"].items()}
    lab = Lab(host, runner.inventory(folder, **{NAME: own}))
    lab.log_sessions()
    with onlooker.watched(host) as seen:
        predicted, first = lab.pyinfra("--dry"), lab.pyinfra("-y", "-vvv")
    now = lab.on_host("date +%s.%N")
    second = lab.pyinfra("-y")
    sessions = lab.sessions(now)
    yield GpuHost(lab, predicted, first, second, sessions, lab.pyinfra("--dry"), seen)
    if not request.session.testsfailed:
        host.down()
