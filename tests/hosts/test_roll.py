"""A roll over three real hosts: one in use, one without power, a job that outlives Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SOURCE
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts

pytestmark = needs_hosts()

BUSY_S = 10.0
"""What a machine with other work may take longer to end in."""
NAMES = ("roll-a", "roll-b", "roll-c")
DEPLOY = """
from pyinfra import host
from pyinfra.operations import server
from tasks.steps import job
from tasks.steps.step import step


@step
def worked(seconds: int):
    wait = f"for i in $(seq {seconds}); do [ ! -e /root/go ] || break; sleep 1; done"
    yield job.complete(job.Job("rolled", "the work", f"{wait}; echo done >>/root/done"))


server.shell(name="Begin", commands=["echo begun >>/root/begun"])
worked(seconds=host.data.work_s, name="Work")
"""


class Fleet:
    """The hosts, and rolls over them from a folder with a blank in its name."""

    def __init__(self, folder: Path, made: dict[str, SandboxHost]) -> None:
        self.folder, self.hosts = folder, made
        (folder / "work on.py").write_text(DEPLOY)

    def inventory(self, expected_gpus: str = "", **work_s: int) -> None:
        more = {"_sudo": True, **({"expected_gpus": expected_gpus} if expected_gpus else {})}
        known = {
            name: runner.host_data(host, work_s=work_s.get(name[-1], 1), **more)
            for name, host in self.hosts.items()
        }
        runner.inventory(self.folder, **known)

    def start(self, *words: str) -> subprocess.Popen[str]:
        resumes = "--resume" in words
        named = [] if resumes else [f"{self.folder}/work on.py", f"{self.folder}/inventory.py"]
        state = ["--state", f"{self.folder}/rolls", "--json"]
        return subprocess.Popen(
            [sys.executable, "-m", "gpuwright", "roll", *named, *words, *state],
            cwd=SOURCE,
            env=os.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "said").open("w"),
            text=True,
            # A shell's background programs are born deaf to it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def ended(self, process: subprocess.Popen[str], code: int) -> dict[str, dict[str, Any]]:
        out, _ = process.communicate(timeout=240)
        assert process.returncode == code, self.said
        return dict(json.loads(out)["hosts"])

    def lines(self, name: str, file: str) -> int:
        """How often the host was told to do something."""
        return len(self.hosts[name].run(f"cat /root/{file} 2>/dev/null").stdout.split())


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Three bare hosts."""
    made = {name: hosts.up(HostSpec(name), fresh=True) for name in NAMES}
    folder = tmp_path_factory.mktemp("roll") / "our lab"
    folder.mkdir()
    yield Fleet(folder, made)
    for host in made.values():
        host.down()


def test_host_in_use_is_waited_for_and_one_without_power_holds_nobody(fleet: Fleet) -> None:
    fleet.inventory(c=600)
    # A device file by its name alone: a bare host has none, and the open file is what is looked at.
    fleet.hosts["roll-b"].run(
        "touch /dev/nvidia0; chmod 666 /dev/nvidia0; useradd -m alice 2>/dev/null; "
        "setsid runuser -u alice -- sh -c 'exec sleep 75 </dev/nvidia0' >/dev/null 2>&1 &"
    )
    options = ["--gate", "none", "--batches", "100%", "--canary", "roll-a", "--fail-share", "0.5"]
    process = fleet.start(*options, "--deadline", "60s", "--busy-limit", "3m")
    with runner.killed_at_the_end(process):
        runner.until(lambda: "roll-c: begins" in fleet.said, "roll-c begins", every_s=0.2)
        runner.until(lambda: fleet.lines("roll-c", "begun") > 0, "roll-c works", every_s=0.5)
        fleet.hosts["roll-c"].kill()
        ends = fleet.ended(process, 2)
    assert {name: end["state"] for name, end in ends.items()} == {
        "roll-a": "done",
        "roll-b": "done",
        "roll-c": "failed",
    }
    plan = fleet.said.split("files in")[0]
    assert "    roll-b: alice: sleep (" in plan
    assert "roll-b: waits, in use: alice: sleep (" in fleet.said
    assert ends["roll-b"]["seconds"] > ends["roll-a"]["seconds"]
    assert ends["roll-c"]["why"]
    assert [fleet.lines(name, "done") for name in ("roll-a", "roll-b")] == [1, 1]


def test_job_that_outlives_ctrl_c_is_named_and_resume_waits_for_it(fleet: Fleet) -> None:
    fleet.inventory(a=600)
    done, begun = fleet.lines("roll-a", "done"), fleet.lines("roll-b", "begun")
    process = fleet.start("--gate", "none", "--batches", "1", "--limit", "roll-[ab]")
    with runner.killed_at_the_end(process):
        is_active = "systemctl is-active gpuwright-rolled.service"
        runner.until(
            lambda: fleet.hosts["roll-a"].run(is_active).stdout.strip() in ("active", "activating"),
            "the job runs",
            every_s=0.5,
        )
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        ends = fleet.ended(process, 130)
        assert time.monotonic() - began < 2 + BUSY_S
    assert ends["roll-a"]["state"] == "interrupted" and ends["roll-b"]["state"] == "waiting"
    assert list(ends["roll-a"]["jobs"]) == ["gpuwright-rolled.service"]
    assert "    goes on there by itself: " in fleet.said
    assert ", systemd unit gpuwright-rolled.service" in fleet.said
    process = fleet.start("--resume")
    log = Path(ends["roll-a"]["log"])
    with runner.killed_at_the_end(process):
        waits = "still running since an earlier run; waiting for it"
        runner.until(lambda: waits in log.read_text(), "the job is waited for", every_s=0.5)
        fleet.hosts["roll-a"].run("touch /root/go")
        ends = fleet.ended(process, 0)
    assert {end["state"] for end in ends.values()} == {"done"}
    assert fleet.lines("roll-a", "done") == done + 2, "the old job ended first, then the new one"
    assert fleet.lines("roll-b", "begun") == begun + 1


def test_host_without_the_gpu_that_is_expected_does_not_pass_the_gate(fleet: Fleet) -> None:
    fleet.inventory(expected_gpus="h100")
    ends = fleet.ended(fleet.start("--limit", "roll-a", "--gate", "quick"), 3)
    assert ends["roll-a"]["state"] == "failed"
    assert ends["roll-a"]["why"].startswith("gate CRITICAL: "), ends
