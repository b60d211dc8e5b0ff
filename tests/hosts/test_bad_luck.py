"""Bad luck with a bare Debian 13 host: locks, a cut cable, a power cut, killed runs. It ends well.

It gets the driver and PyTorch with the real packages; its archive has no CUDA 11.8. The tests
follow each other on it, as mishaps do, and the runs are those of the user `admin`, through sudo.
What goes wrong with NVIDIA's repository: `test_nvidia_bad_luck`; while wheels come:
`test_gpu_host`.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.mirror.faults import Faults
from tests.hosts import carried_out, runner
from tests.hosts.able import needs_hosts
from tests.hosts.carried_out import carries_out
from tests.hosts.lab import Lab, Made
from tests.hosts.runner import until, untouched

pytestmark = needs_hosts()

NAME = "luckless"
DATA: dict[str, Any] = {"stack": "pytorch-2.9", "without": ["cuda"], "ssh_user": "admin"}
STATUS = "/var/lib/gpuwright/jobs/driver/status"
"""What apt has said to the job of the driver."""
KILLS = 5
SEED = int(os.environ.get("GPUWRIGHT_SEED") or random.randrange(10**6))


@dataclass(frozen=True)
class Place:
    """The host, and a folder with its inventory."""

    host: SandboxHost
    folder: Path

    def text(self, path: str) -> str:
        """A file of the host, read from its disk; empty where there is none."""
        try:
            return (self.host.rootfs / path.lstrip("/")).read_text(errors="replace")
        except OSError:
            return ""

    def unfinished(self) -> str:
        """Packages that dpkg has not installed whole."""
        listed = "dpkg-query -W -f '${Status} ${Package}\\n' | grep -v ' installed '"
        return self.host.run(f"dpkg --audit; {listed}").stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The bare host."""
    host = hosts.up(HostSpec(NAME, os="debian-13", gpus=("h100", "h100")), fresh=True)
    folder = tmp_path_factory.mktemp(NAME)
    runner.inventory(folder, **{NAME: runner.host_data(host, **DATA)})
    yield Place(host, folder)
    host.down()


HOLDER = """
use Fcntl;
open F, ">>", "/var/lib/dpkg/lock-frontend";
$lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die;
$| = 1;
print "$$ holds it";
sleep 600;
"""


@contextlib.contextmanager
def lock_held(place: Place) -> Iterator[int]:
    """A process in the host holds dpkg's frontend lock, as apt does; gives its pid."""
    (place.host.rootfs / "root/holder.pl").write_text(HOLDER)
    (place.host.rootfs / "root/holding").unlink(missing_ok=True)
    started = place.host.run(
        "systemd-run --quiet --collect --unit=holder --property=StandardOutput=file:/root/holding "
        "perl /root/holder.pl"
    )
    assert started.returncode == 0, started.stderr
    try:
        until(lambda: "holds" in place.text("/root/holding"), "a lock is held", limit_s=30)
        yield int(place.text("/root/holding").split()[0])
    finally:
        place.host.run("systemctl stop holder")


def assert_plain_failure(outcome: runner.Outcome, *words: str) -> None:
    """The run failed and said why in words, not with a traceback."""
    assert outcome.code == 1, outcome.said
    assert "Traceback" not in outcome.said
    for word in words:
        assert word in outcome.said


def test_bare_debian_that_cannot_reach_nvidia_is_refused_untouched_and_told_of_debians_driver(
    place: Place, tmp_path: Path
) -> None:
    """The host has no network but its mirror. The tests below go the way that is named here."""
    with untouched(place.host):
        outcome = runner.run(place.host, tmp_path, **DATA, driver_origin=None)
    assert_plain_failure(outcome, "REPO-UNREACHABLE", "`driver_origin: debian`")


def test_lock_held_for_ever_ends_with_the_holders_name(place: Place, tmp_path: Path) -> None:
    with lock_held(place) as pid, untouched(place.host):
        outcome = runner.run(place.host, tmp_path, lock_wait=3, **DATA)
    assert_plain_failure(outcome, "APT-LOCKED", f"process {pid} (", "perl", "Nothing was changed")


def test_lock_held_for_a_while_is_waited_for_and_a_cut_download_fails_plainly(
    place: Place,
) -> None:
    with runner.killed_at_the_end(runner.start(place.folder)) as process:
        with lock_held(place) as pid:
            waiting = f"waiting for the package manager: process {pid} ("
            until(lambda: waiting in runner.said(place.folder), "the run waits")
        until(lambda: "dlstatus:" in place.text(STATUS), "apt downloads the driver")
        with place.host.faults(Faults(down=True)):
            outcome = runner.wait(process, place.folder)
    assert_plain_failure(outcome, "NVIDIA driver 550: failed", "Failed to fetch")
    assert place.unfinished() == ""


def test_power_cut_while_dpkg_unpacks_leaves_packages_half_installed(place: Place) -> None:
    with runner.killed_at_the_end(runner.start(place.folder)) as process:
        until(lambda: "Unpacking" in place.text(STATUS), "dpkg unpacks the driver")
        place.host.kill()
        process.kill()
    place.host.boot()
    assert place.unfinished() != "", "the power was cut too late to break anything"


def killed(place: Place, seconds: float) -> str:
    """Kill a run after so many seconds; gives the last line that it said."""
    with (
        runner.killed_at_the_end(runner.start(place.folder)) as process,
        contextlib.suppress(subprocess.TimeoutExpired),
    ):
        process.wait(seconds)
    whole = place.host.run(
        "[ ! -L /opt/gpuwright/current ] || ls /opt/gpuwright/current/.gpuwright-complete"
    )
    assert whole.returncode == 0, whole.stderr
    lines = [line.strip() for line in runner.said(place.folder).splitlines() if line.strip()]
    return lines[-1] if lines else ""


@pytest.fixture(scope="module")
def runs(place: Place) -> Made:
    """Killed at five points that differ each time; predicted, made so, and made so again."""
    print(f"seed: GPUWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    for point in range(KILLS):
        seconds = chance.uniform(2, 45)
        print(f"kill {point + 1} after {seconds:.1f} s, at: {killed(place, seconds)}")
    # What a killed run began goes on by itself, and is no longer to be predicted.
    # A module of a real driver may be among them: minutes, on a busy machine.
    runner.jobs_ended(place.host, 1200)
    lab = Lab(place.host, place.folder / "inventory.py")
    return Made(lab.pyinfra("--dry"), lab.pyinfra("-y"), lab.pyinfra("-y"))


def test_run_after_all_these_ends_well_and_as_predicted(runs: Made, place: Place) -> None:
    assert runs.first.code == 0, runs.first.told
    assert runs.predicted.predicted(NAME) == runs.first.changed(NAME)
    assert place.unfinished() == ""


def test_driver_of_its_own_archive_and_torch_are_there(runs: Made) -> None:
    report = runs.first.report
    assert f"{NAME}: verdict OK, proof: none (no real GPU in this host" in report
    assert "550." in report and "module ready" in report and "2.9.1+cu128" in report


def test_second_run_changes_nothing(runs: Made) -> None:
    assert runs.second.code == 0
    assert runs.second.changed(NAME) == set()


@carries_out(
    "debian-13",
    live={
        "driver": "550.163.01 proprietary debian",
        "torch": "torch-2.9.1-cu128-cp313-x86_64",
    },
)
@pytest.mark.usefixtures("runs")
def test_its_parts_are_carried_out(request: pytest.FixtureRequest, place: Place) -> None:
    carried_out.shown(request, Lab(place.host, place.folder / "inventory.py"))
