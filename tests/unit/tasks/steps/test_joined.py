"""A job that is watched: begun once, joined by whoever comes later, told as it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.steps import course, joined
from tasks.steps.job import Job
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.steps.job_machine import Machine, gate


@pytest.fixture
def host(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host whose commands run on the machine of jobs."""

    def run(_: object, script: str, timeout: int = 0, stdin: str | None = None) -> tuple[bool, str]:
        done = machine.sent(script, stdin or "")
        return done.returncode == 0, done.stdout.strip()

    monkeypatch.setattr(joined, "run", run)
    return ARun(a_host.done()).host


def test_one_that_runs_is_joined_whatever_it_was_asked_for(
    host: Any, machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = Job("burn-in", "burn-in of 8h", gate(tmp_path, "echo once >>result"))
    second = Job("burn-in", "burn-in of 2h", "echo twice >>result", progress="echo half done")
    assert joined.begun(host, first, 60) == "started"
    assert joined.begun(host, second, 60) == "joined"
    assert course.of_host(host).jobs == {
        "gpuwright-burn-in.service": f"burn-in of 2h (log: {second.folder}/log)"
    }
    (tmp_path / "go").touch()
    assert joined.watched(host, second) == ""
    assert (Path(first.folder) / "result").read_text() == "once\n"
    assert course.of_host(host).jobs == {}


def test_systemd_is_told_when_it_must_be_over(host: Any, machine: Machine) -> None:
    task = Job("burn-in", "burn-in", ":")
    joined.begun(host, task, 8100)
    joined.watched(host, task)
    assert "--property=RuntimeMaxSec=8100" in machine.asked


def test_job_that_cannot_start_is_told_and_is_not_said_to_run(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "run", lambda *_, **__: (False, "no systemd-run"))
    task = Job("burn-in", "burn-in", ":")
    assert joined.begun(host, task, 60) == "the job did not start: no systemd-run"
    assert course.of_host(host).jobs == {}


def test_connection_that_is_lost_leaves_it_running_and_says_so(
    host: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Job("burn-in", "burn-in", gate(tmp_path))
    joined.begun(host, task, 60)
    monkeypatch.setattr(joined, "run", lambda *_, **__: (False, ""))
    assert joined.watched(host, task).endswith("the connection was lost; it goes on there")
    assert "gpuwright-burn-in.service" in course.of_host(host).jobs
    (tmp_path / "go").touch()


def test_progress_is_told_at_once(
    host: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Job("burn-in", "burn-in", gate(tmp_path), progress="echo 61 degrees")
    joined.begun(host, task, 60)
    real = joined.run

    def run(*words: Any, **said: Any) -> tuple[bool, str]:
        (tmp_path / "go").touch()
        return real(*words, **said) if seen else (seen.append(1) or (True, "state running 1\n61"))  # type: ignore[func-returns-value]

    seen: list[int] = []
    monkeypatch.setattr(joined, "run", run)
    with caplog.at_level("INFO", logger="pyinfra"):
        assert joined.watched(host, task) == ""
    assert "burn-in: 61" in caplog.text
