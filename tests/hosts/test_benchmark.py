"""A benchmark's turn on a real host's systemd, and a bare host that cannot be measured.

What is measured needs torch on both sides: that is run by hand (docs/benchmark-hosts.md says what
was seen); the programs themselves are run by tests/unit/image/test_benchmark.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import hosts, pcibus
from sandbox.hosts import HostSpec, SandboxHost
from tasks.benchmark import running
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.runner import untouched

pytestmark = needs_hosts()
DEPLOY = "deploys/benchmark.py"
JOB = f"systemd-run --quiet --unit={running.UNIT} --collect sleep 600"


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    """A bare host."""
    made = hosts.up(HostSpec("benched", gpus=pcibus.parse_gpus(["h100"])), fresh=True)
    yield made
    made.down()


def active(host: SandboxHost) -> list[str]:
    """Which of the two units run."""
    units = (f"{running.WATCH}.service", running.UNIT)
    return [unit for unit in units if not host.run(f"systemctl is-active -q {unit}").returncode]


def left(host: SandboxHost) -> str:
    """What is left of a benchmark."""
    return host.run(f"ls -d {running.FOLDER} /run/{running.WATCH} 2>/dev/null").stdout


def take(host: SandboxHost) -> tuple[int, str]:
    """Begin the watch, with a job and its folder beside it, as a benchmark has them."""
    done = host.run(running.take_script())
    if not done.returncode:
        host.run(f"mkdir -p {running.FOLDER}; {JOB}")
    return done.returncode, done.stdout.strip()


def test_bare_host_is_refused_with_what_to_do_and_is_left_as_it_is(
    host: SandboxHost, tmp_path: Path
) -> None:
    with untouched(host):
        found = runner.run(host, tmp_path, deploy=DEPLOY, benchmark_cpu=2)
    assert found.code == 2, found.said
    for words in ("BENCH-NO-ENVIRONMENT: ", "IMAGE-NO-DOCKER: ", "pyinfra INVENTORY deploys/"):
        assert words in found.said


def test_second_benchmark_is_refused_and_the_first_goes_on_until_it_ends(host: SandboxHost) -> None:
    assert take(host) == (0, "taken")
    code, said = take(host)
    assert code != 0 and said.startswith("it began ")
    assert len(active(host)) == 2
    host.run(f"systemctl stop {running.WATCH}.service")
    assert (active(host), left(host)) == ([], "")


def test_benchmark_that_nobody_waits_for_ends_by_itself_and_leaves_nothing(
    host: SandboxHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "ALONE_S", 6)
    assert take(host) == (0, "taken")
    for _ in range(3):  # somebody looks at the job, as its progress does
        host.run(f"sleep 3; touch /run/{running.WATCH}/alive")
    assert len(active(host)) == 2
    runner.until(lambda: not active(host), "the benchmark ended", limit_s=60, every_s=1)
    assert left(host) == ""
