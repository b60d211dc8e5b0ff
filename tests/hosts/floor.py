"""The least that must have run where time is short: without it, a run that left all out is green.

A slow machine may leave some hosts out, by name; never the main job, nor more than a quarter, and
nothing for want of a tool that can be had.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hosts.schedule import END, MAIN, MINUTES, NO_TIME

MOST_LEFT_OUT = 1 / 4
"""Part of the modules that may be left out."""
RESULT = "gpuwright/hosts"
"""Where pytest's cache has what the run came to, for `tests.hosts.again`."""
_TOOL = re.compile(
    r"`python -m sandbox prepare[^`]*` installs|`[^`]*(?:apt-get|pip) [^`]*` ended|There is no Go "
)
"""In the reasons of tests that are skipped for want of what can be installed."""


@dataclass
class Module:
    """What became of one module's tests."""

    ran: int = 0
    failed: int = 0
    seconds: float = 0
    """Of its tests and their fixtures."""
    skipped: list[str] = field(default_factory=list)
    """Reasons, one for each test that was skipped."""

    @property
    def late(self) -> bool:
        """Whether it was left out for want of time."""
        return any(reason.startswith(NO_TIME) for reason in self.skipped)


def complaints(modules: Mapping[str, Module]) -> list[str]:
    """What these modules lack of the least, a sentence for each; nothing if it is reached."""
    found = []
    if MAIN in modules and not modules[MAIN].ran:
        found.append(f"The main job ({MAIN}) did not run on a host.")
    idle = [name for name, module in modules.items() if not module.ran]
    if len(idle) > MOST_LEFT_OUT * len(modules):
        found.append(
            f"{len(idle)} of {len(modules)} modules did not run, more than a quarter: "
            f"{', '.join(idle)}."
        )
    for name, module in modules.items():
        reasons = dict.fromkeys(why for why in module.skipped if _TOOL.search(why))
        found += [f"{name} lacks a tool that can be installed: {why}" for why in reasons]
    return found


_modules: dict[str, Module] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what became of a test."""
    if (name := Path(report.location[0]).stem) not in MINUTES:
        return
    module = _modules.setdefault(name, Module())
    module.seconds += report.duration
    if report.failed:
        module.failed += 1
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        module.skipped.append(reason.removeprefix("Skipped: "))
    elif report.when == "call":
        module.ran += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a run fail that did not reach the least; only where time is short."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    short = complaints(_modules) if END in os.environ else []
    if cache := getattr(config, "cache", None):
        failed = [name for name, module in _modules.items() if module.failed]
        result = {"status": int(session.exitstatus), "failed": failed, "short": short}
        cache.set(RESULT, result)
    if short and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def times(modules: Mapping[str, Module]) -> list[str]:
    """What each module took and what `MINUTES` says, a line each, dearest first."""
    rows = sorted(modules.items(), key=lambda row: -row[1].seconds)
    return [f"{m.seconds / 60:5.1f} {MINUTES[name]:3d} {name}" for name, m in rows if m.ran]


def summary(terminal: pytest.TerminalReporter) -> None:
    """Print what the modules took, what was left out, and what the run lacks of the least."""
    if taken := times(_modules):
        terminal.section("minutes of each module, and what the schedule reckons with")
        for line in taken:
            terminal.write_line(line)
    if late := [name for name, module in _modules.items() if module.late]:
        terminal.section("left out for want of time")
        for name in late:
            terminal.write_line(f"{name}:{_modules[name].skipped[0].removeprefix(NO_TIME)}")
        terminal.write_line("They come first at the next commit.")
    if END in os.environ and (short := complaints(_modules)):
        terminal.section("too little ran", red=True)
        for line in short:
            terminal.write_line(line, red=True)
