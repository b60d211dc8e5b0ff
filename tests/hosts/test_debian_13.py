"""Debian 13: driver and PyTorch with the real packages, by runs of which five are killed.

Its archive has no CUDA 11.8. The runs are those of the user `admin`, through sudo.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab, Made

pytestmark = needs_hosts()

NAME = "trixie"
DATA: dict[str, Any] = {"stack": "pytorch-2.9", "without": ["cuda"], "ssh_user": "admin"}
KILLS = 5
SEED = int(os.environ.get("GPUWRIGHT_SEED") or random.randrange(10**6))


def killed(host: SandboxHost, folder: Path, seconds: float) -> str:
    """Kill a run after so many seconds; gives the last line that it said."""
    with (
        runner.killed_at_the_end(runner.start(folder)) as process,
        contextlib.suppress(subprocess.TimeoutExpired),
    ):
        process.wait(seconds)
    whole = host.run(
        "[ ! -L /opt/gpuwright/current ] || ls /opt/gpuwright/current/.gpuwright-complete"
    )
    assert whole.returncode == 0, whole.stderr
    lines = [line.strip() for line in runner.said(folder).splitlines() if line.strip()]
    return lines[-1] if lines else ""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Killed at five points that differ each time; predicted, made so, and made so again."""
    host = hosts.up(HostSpec(NAME, os="debian-13", gpus=("h100", "h100")), fresh=True)
    folder = tmp_path_factory.mktemp(NAME)
    lab = Lab(host, runner.inventory(folder, **{NAME: runner.host_data(host, **DATA)}))
    print(f"seed: GPUWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    for point in range(KILLS):
        seconds = chance.uniform(2, 45)
        print(f"kill {point + 1} after {seconds:.1f} s, at: {killed(host, folder, seconds)}")
    # What a killed run began goes on by itself, and is no longer to be predicted.
    running = "systemctl list-units --plain --no-legend --state=running 'gpuwright-*'"
    runner.until(lambda: host.run(running).stdout == "", "its jobs have ended", every_s=0.5)
    yield Made(lab.pyinfra("--dry"), lab.pyinfra("-y"), lab.pyinfra("-y"))
    host.down()


def test_run_after_five_that_were_killed_ends_well_and_as_predicted(runs: Made) -> None:
    assert runs.first.code == 0, runs.first.told
    assert runs.predicted.predicted(NAME) == runs.first.changed(NAME)


def test_driver_of_its_own_archive_and_torch_are_there(runs: Made) -> None:
    report = runs.first.report
    assert f"{NAME}: verdict OK, proof: none (no real GPU in this host" in report
    assert "550." in report and "module ready" in report and "2.9.1+cu128" in report


def test_second_run_changes_nothing(runs: Made) -> None:
    assert runs.second.code == 0
    assert runs.second.changed(NAME) == set()
