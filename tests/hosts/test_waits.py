"""Hosts that hang, freeze or are interrupted: each wait has an end, and the other host its verdict.

Two bare hosts, whose limits are host data as a user sets them.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import hosts, pcibus
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.lifecycle.access import hang_up
from tests.hosts import runner
from tests.hosts.able import needs_hosts

pytestmark = needs_hosts()

SHIM = "/usr/local/sbin/dpkg-query"
"""First in root's PATH."""
LIMIT_S = 4.0
"""Twice what is promised: the processors may be busy with other tests."""


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[SandboxHost, SandboxHost]]:
    """The host that something happens to, and the other one."""
    gpus = pcibus.parse_gpus(["h100"])
    made = [hosts.up(HostSpec(f"waits-{name}", gpus=gpus), fresh=True) for name in "ab"]
    yield made[0], made[1]
    for host in made:
        host.down()


def inventory(folder: Path, *said: tuple[SandboxHost, dict[str, object]]) -> None:
    """Write the inventory: these hosts, each with its data."""
    runner.inventory(folder, **{host.name: runner.host_data(host, **data) for host, data in said})


def test_hung_program_of_one_host_fails_it_within_its_limit_and_the_other_is_planned(
    pair: tuple[SandboxHost, SandboxHost], tmp_path: Path
) -> None:
    one, other = pair
    done = one.run(f"printf '#!/bin/sh\\nexec sleep 3600\\n' >{SHIM} && chmod 755 {SHIM}")
    assert done.returncode == 0, done.stderr
    try:
        inventory(tmp_path, (one, {"answer_wait": 15}), (other, {}))
        began = time.monotonic()
        outcome = runner.wait(runner.start(tmp_path, "--dry"), tmp_path, 120)
    finally:
        one.run(f"rm {SHIM}; pkill -f 'sleep 360[0]'")
    assert outcome.code == 1
    assert time.monotonic() - began < 60
    assert "no answer within 15 s" in outcome.line(f"{one.name}: verdict UNKNOWN")
    assert f"{other.name}: verdict PLANNED" in outcome.said
    assert "Traceback" not in outcome.said


def test_doctor_of_a_host_that_hangs_is_unknown_and_no_warning(
    pair: tuple[SandboxHost, SandboxHost], tmp_path: Path
) -> None:
    one, _ = pair
    one.run(f"printf '#!/bin/sh\\nexec sleep 3600\\n' >{SHIM} && chmod 755 {SHIM}")
    try:
        inventory(tmp_path, (one, {"answer_wait": 5}))
        run = runner.start(tmp_path, deploy="deploys/driver_doctor.py")
        outcome = runner.wait(run, tmp_path, 120)
    finally:
        one.run(f"rm {SHIM}; pkill -f 'sleep 360[0]'")
    assert outcome.code == 3, outcome.said
    assert "no answer within 5 s" in outcome.said


def running(folder: Path, *named: SandboxHost) -> bool:
    """Whether the run waits for a long job of each of these hosts."""
    return "Beginning operation run" in runner.said(folder) and all(
        host.run("systemctl list-units --plain --no-legend 'gpuwright-*.service'").stdout
        for host in named
    )


def slow_apt(host: SandboxHost) -> None:
    """Let apt-get stand still in jobs, which alone wait for a lock: a mirror that gives nothing."""
    path, still = "/usr/local/sbin/apt-get", '[ -z "$LOCK_WAIT" ] || exec sleep 3600'
    text = f'#!/bin/sh\n{still}\nexec /usr/bin/apt-get "$@"\n'
    host.run(f"cat >{path} <<'END'\n{text}END\nchmod 755 {path}")


def apt_again(*named: SandboxHost) -> None:
    """Take that back, and end what is left of it."""
    for host in named:
        host.run(
            "rm -f /usr/local/sbin/apt-get; pkill -f 'sleep 360[0]'; "
            "systemctl stop 'gpuwright-*.service'; pkill -CONT sshd; true"
        )


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_signal_in_a_long_job_of_two_hosts_ends_in_two_seconds_and_the_jobs_go_on(
    pair: tuple[SandboxHost, SandboxHost], tmp_path: Path, number: signal.Signals, name: str
) -> None:
    for host in pair:
        slow_apt(host)
    try:
        inventory(tmp_path, *((host, {}) for host in pair))
        with runner.killed_at_the_end(runner.start(tmp_path)) as process:
            runner.until(lambda: running(tmp_path, *pair), "both hosts have a job", every_s=0.5)
            time.sleep(2)  # the run waits for them
            began = time.monotonic()
            process.send_signal(number)
            outcome = runner.wait(process, tmp_path, 20)
            took = time.monotonic() - began
        assert outcome.code == 128 + number, outcome.said
        assert took < LIMIT_S, outcome.said
        for host in pair:
            line = outcome.line(f"{host.name}: goes on by itself: ")
            unit = line.rpartition(" ")[2]
            assert host.run(f"systemctl is-active {unit}").stdout.strip() == "active"
            assert f"{host.name}: verdict UNFINISHED, proof: none (ended by {name}" in outcome.said
        assert "Run the same command again" in outcome.said
        assert "Exiting upon user request" not in outcome.said
    finally:
        apt_again(*pair)


def test_frozen_sshd_of_one_host_fails_it_within_its_limit(
    pair: tuple[SandboxHost, SandboxHost], tmp_path: Path
) -> None:
    one, other = pair
    slow_apt(one)
    try:
        inventory(tmp_path, (one, {"silence_wait": 6}), (other, {"job_limit": 30}))
        slow_apt(other)
        with runner.killed_at_the_end(runner.start(tmp_path)) as process:
            runner.until(lambda: running(tmp_path, *pair), "both hosts have a job", every_s=0.5)
            # Behind the back of this very session, which is one of them.
            one.run("(sleep 1; pkill -STOP -f '^sshd: root') </dev/null >/dev/null 2>&1 &")
            hang_up(one.name)  # the connection that our own commands share would be frozen, too
            outcome = runner.wait(process, tmp_path, 200)
        assert outcome.code == 1
        report = " ".join(outcome.said[outcome.said.index(f"{one.name}: verdict FAILED") :].split())
        assert "no sign of life for 6 s" in report
        assert "it was ended at its limit of 30s" in outcome.said
        assert f"{other.name}: verdict FAILED" in outcome.said
        left = other.run("pgrep -f 'sleep 360[0]'")
        assert left.stdout == "", "systemd has ended all of the job"
    finally:
        apt_again(*pair)
