"""Bad luck with packages: locks, a cut cable, a power cut. The next run always ends converged.

The host gets the driver alone, for apt's and dpkg's sake. Tests follow each other on it, as mishaps
do. Runs that are killed: `test_debian_13`; the cable cut while wheels come: `test_gpu_host`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.mirror_faults import Faults
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.runner import until, untouched

pytestmark = needs_hosts()

DRIVER_ALONE: dict[str, Any] = {"without": ["cuda", "torch"]}


@pytest.fixture(scope="module")
def driver_host() -> Iterator[SandboxHost]:
    """A host that gets the driver and nothing else; bare at first."""
    host = hosts.up(HostSpec("badluck-driver", gpus=("h100",)), fresh=True)
    yield host
    host.down()


def text(host: SandboxHost, path: str) -> str:
    """A file of the host, read from its disk; empty where there is none."""
    try:
        return (host.rootfs / path.lstrip("/")).read_text(errors="replace")
    except OSError:
        return ""


HOLDER = """
use Fcntl;
open F, ">>", "/var/lib/dpkg/lock-frontend";
$lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die;
$| = 1;
print "$$ holds it";
sleep shift;
"""


@contextlib.contextmanager
def lock_held(host: SandboxHost, seconds: int) -> Iterator[int]:
    """A process in the host holds dpkg's frontend lock, as apt does; gives its pid."""
    (host.rootfs / "root/holder.pl").write_text(HOLDER)
    (host.rootfs / "root/holding").unlink(missing_ok=True)
    started = host.run(
        "systemd-run --quiet --collect --unit=holder --property=StandardOutput=file:/root/holding "
        f"perl /root/holder.pl {seconds}"
    )
    assert started.returncode == 0, started.stderr
    try:
        until(lambda: "holds" in text(host, "/root/holding"), "a lock is held", limit_s=30)
        yield int(text(host, "/root/holding").split()[0])
    finally:
        host.run("systemctl stop holder")


def assert_plain_failure(outcome: runner.Outcome, *words: str) -> None:
    """The run failed and said why in words, not with a traceback."""
    assert outcome.code == 1, outcome.said
    assert "Traceback" not in outcome.said
    for word in words:
        assert word in outcome.said


def assert_converged(host: SandboxHost, folder: Path, **data: Any) -> None:
    """A run ends well, and the one after it changes nothing."""
    outcome = runner.run(host, folder, **data)
    assert outcome.code == 0, outcome.said
    again = runner.run(host, folder, **data)
    assert again.code == 0, again.said
    assert again.changes == [], again.said
    whole = host.run(
        "dpkg --audit; dpkg-query -W -f '${Status} ${Package}\\n' | grep -v ' installed '"
    )
    assert whole.stdout == ""


def test_lock_held_for_ever_ends_with_the_holders_name(
    driver_host: SandboxHost, tmp_path: Path
) -> None:
    with lock_held(driver_host, 600) as pid, untouched(driver_host):
        outcome = runner.run(driver_host, tmp_path, lock_wait=3, **DRIVER_ALONE)
    assert_plain_failure(outcome, "APT-LOCKED", f"process {pid} (", "perl", "Nothing was changed")


def test_network_cut_while_apt_downloads_fails_plainly(
    driver_host: SandboxHost, tmp_path: Path
) -> None:
    runner.inventory(tmp_path, **{driver_host.name: runner.host_data(driver_host, **DRIVER_ALONE)})
    log = "/var/lib/gpuwright/jobs/driver/status"
    with runner.killed_at_the_end(runner.start(tmp_path)) as process:
        until(lambda: "dlstatus:" in text(driver_host, log), "apt downloads the driver")
        with driver_host.faults(Faults(down=True)):
            outcome = runner.wait(process, tmp_path)
    assert_plain_failure(outcome, "NVIDIA driver 535: failed", "Failed to fetch")
    assert driver_host.run("dpkg --audit").stdout == ""


def test_power_cut_while_dpkg_unpacks_is_mended_by_the_next_run(
    driver_host: SandboxHost, tmp_path: Path
) -> None:
    runner.inventory(tmp_path, **{driver_host.name: runner.host_data(driver_host, **DRIVER_ALONE)})
    log = "/var/lib/gpuwright/jobs/driver/status"
    with runner.killed_at_the_end(runner.start(tmp_path)) as process:
        until(lambda: "Unpacking" in text(driver_host, log), "dpkg unpacks the driver")
        driver_host.kill()
        process.kill()
    driver_host.boot()
    broken = driver_host.run("dpkg-query -W -f '${Status} ${Package}\\n' | grep -v ' installed '")
    assert broken.stdout != "", "the power was cut too late to break anything"
    assert_converged(driver_host, tmp_path, **DRIVER_ALONE)


def test_lock_held_for_a_while_is_waited_for(driver_host: SandboxHost, tmp_path: Path) -> None:
    with lock_held(driver_host, 60) as pid:
        outcome = runner.run(driver_host, tmp_path, **DRIVER_ALONE)
    assert outcome.code == 0, outcome.said
    assert f"waiting for the package manager: process {pid} (" in outcome.said
    assert "verdict OK" in outcome.said or "verdict WARN" in outcome.said
