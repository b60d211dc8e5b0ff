"""How a job is waited for: its silence, its limit, and how it ended."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.steps import course, job
from tests.job_script import started
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.steps.job_machine import Machine, gate, seconds


def test_silence_of_a_running_job_is_counted_from_the_last_thing_that_it_wrote(
    machine: Machine, tmp_path: Path
) -> None:
    step = job.Job("build", "a build", "echo begun\n" + gate(tmp_path))
    machine.run(started(step))
    log = Path(step.folder) / "log"
    machine.run(f"until grep -q begun {log} 2>/dev/null; do sleep 0.05; done")
    for file in Path(step.folder).iterdir():
        os.utime(file, (1, time.time() - 300))
    assert 300 <= seconds(machine.run(job.poll_script(step, 0))) < 360
    os.utime(log)
    assert seconds(machine.run(job.poll_script(step, 0))) < 60


def test_systemd_ends_a_job_that_is_over_its_limit(machine: Machine) -> None:
    step = job.Job("build", "a build", ":")
    machine.sent(job.start_script(step, limit_s=77), job.payload(step))
    assert "--property=RuntimeMaxSec=77" in machine.asked


@dataclass
class Asked:
    """A host whose job answers in turn, while time goes by as it does."""

    answers: list[str]
    run: ARun = field(default_factory=lambda: ARun(a_host.bare(), job_limit=60))
    now: float = 0

    def wait(self, monkeypatch: pytest.MonkeyPatch) -> bool:
        """Wait for the job."""
        monkeypatch.setattr(job.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(job, "run", lambda *_, **__: self._answer())
        done: bool = job._wait(self.run.host, job.Job("build", "a build", ":"))
        return done

    def _answer(self) -> tuple[bool, str]:
        self.now += 40
        said = self.answers.pop(0)
        return bool(said), said


def test_silence_is_told_beside_how_it_goes_and_ends_with_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    same = ["state running 500\nhalf"] * 4
    host = Asked([*same, "state running 1\nhalf", "state running 700\nmore", "state done 0"])
    assert host.wait(monkeypatch)
    told = [record.getMessage().split("a build: ")[1] for record in caplog.records]
    assert told == [
        "half, 40s",
        "half, 1m20s",
        "half, 2m00s, no output for 1m20s",
        "half, 2m40s, no output for 2m00s",
        "half, 3m20s",
        "more, 4m00s",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("state lost 61", "it was ended at its limit of 1m00s; host data job_limit allows more"),
        ("state lost 12", "it was killed before it ended"),
        ("state lost", "it was killed before it ended"),
        ("state lost x", "it was killed before it ended"),
        ("state done 7", "exit status 7"),
    ],
)
def test_end_of_a_job_has_its_reason(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: str, words: str
) -> None:
    assert not Asked([answer]).wait(monkeypatch)
    assert words in caplog.text


def test_job_of_a_lost_connection_goes_on_and_is_told_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    host = Asked([""])
    unit = "gpuwright-build.service"
    course.of_host(host.run.host).jobs[unit] = "a build"
    assert not host.wait(monkeypatch)
    assert "the connection was lost. The job goes on there by itself" in caplog.text
    assert unit in course.of_host(host.run.host).jobs
