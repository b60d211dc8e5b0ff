"""Bad luck: locks, cut cables, killed runs and power cuts. The next run always ends converged.

Two hosts stand for all: one gets the driver alone, for apt's and dpkg's sake; the other the whole
stack, as the user `admin` through sudo. Tests follow each other on them, as mishaps do.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.mirror_faults import Faults
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.runner import untouched

pytestmark = needs_hosts()

DRIVER_ALONE: dict[str, Any] = {"without": ["cuda", "torch"]}
AS_ADMIN: dict[str, Any] = {"ssh_user": "admin"}
SEED = int(os.environ.get("GPUWRIGHT_SEED") or random.randrange(10**6))


@pytest.fixture(scope="module")
def driver_host() -> Iterator[SandboxHost]:
    """A host that gets the driver and nothing else; bare at first."""
    host = hosts.up(HostSpec("badluck-driver", gpus=("h100",)), fresh=True)
    yield host
    host.down()


@pytest.fixture(scope="module")
def whole_host() -> Iterator[SandboxHost]:
    """A host that gets the whole stack; bare at first."""
    host = hosts.up(HostSpec("badluck-whole", gpus=("h100",)), fresh=True)
    yield host
    host.down()


def until(reached: Callable[[], bool], what: str, limit_s: float = 300) -> None:
    """Wait until ``reached`` is true; fails the test after ``limit_s`` seconds."""
    deadline = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < deadline, f"it did not come to that: {what}"
        time.sleep(0.02)


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


def assert_no_half_environment(host: SandboxHost) -> None:
    """What is behind the stable link, if anything, is whole."""
    done = host.run(
        "[ ! -L /opt/gpuwright/current ] || ls /opt/gpuwright/current/.gpuwright-complete"
    )
    assert done.returncode == 0, done.stderr


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


def test_run_killed_at_five_points_is_finished_by_the_next(
    whole_host: SandboxHost, tmp_path: Path
) -> None:
    print(f"seed: GPUWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    runner.inventory(tmp_path, **{whole_host.name: runner.host_data(whole_host, **AS_ADMIN)})
    for point in range(5):
        seconds = chance.uniform(2, 45)
        with runner.killed_at_the_end(runner.start(tmp_path)) as process:
            with contextlib.suppress(Exception):
                process.wait(seconds)
            process.kill()
        last = [line for line in runner.said(tmp_path).splitlines() if line.strip()][-1:]
        print(f"kill {point + 1} after {seconds:.1f} s, at: {''.join(last).strip()}")
        assert_no_half_environment(whole_host)
    assert_converged(whole_host, tmp_path, **AS_ADMIN)


def link(host: SandboxHost) -> str:
    """Where the stable link leads to."""
    return host.run("readlink /opt/gpuwright/current").stdout.strip()


OTHER_TORCH = {"torch_version": "2.9.0", **AS_ADMIN}


@contextlib.contextmanager
def poor_index(host: SandboxHost) -> Iterator[str]:
    """An index beside the host's mirror that has torch for another Python only."""
    mirror = host.mirror_url or ""
    wheel = "torch-2.9.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    page = f"<a href='/{wheel}'>{wheel}</a>"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.rstrip("/") != "/simple/torch":
                self.send_response(307)
                self.send_header("Location", mirror + self.path)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    address = urlsplit(mirror).hostname or ""
    with ThreadingHTTPServer((address, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:{server.server_port}/simple"
        server.shutdown()


def test_index_without_a_build_for_this_python_leaves_the_link(
    whole_host: SandboxHost, tmp_path: Path
) -> None:
    before = link(whole_host)
    with poor_index(whole_host) as address:
        outcome = runner.run(whole_host, tmp_path, mirrors={"pypi": address}, **OTHER_TORCH)
    assert_plain_failure(
        outcome, "torch 2.9.0+cu128: failed", "only found wheels for `torch`", address
    )
    assert link(whole_host) == before
    assert_no_half_environment(whole_host)


def test_network_cut_in_the_wheel_download_leaves_the_link(
    whole_host: SandboxHost, tmp_path: Path
) -> None:
    before = link(whole_host)
    with whole_host.faults(Faults(cut_after=30_000_000)):
        outcome = runner.run(whole_host, tmp_path, **OTHER_TORCH)
    assert_plain_failure(outcome, "torch 2.9.0+cu128: failed")
    assert link(whole_host) == before
    assert_no_half_environment(whole_host)


def test_run_after_the_cut_switches_to_the_new_environment(
    whole_host: SandboxHost, tmp_path: Path
) -> None:
    before = link(whole_host)
    assert_converged(whole_host, tmp_path, **OTHER_TORCH)
    assert link(whole_host) not in ("", before)
    kept = whole_host.run(f"ls {before}/.gpuwright-complete")
    assert kept.returncode == 0
