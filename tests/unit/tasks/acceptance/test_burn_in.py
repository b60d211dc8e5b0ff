"""A burn-in as a job of a host: begun once, joined, told once; the real program where torch is.

The job's script runs for real, with stand-ins for systemd's two commands.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.host import Host

from facts.burn_in import BurnInResult
from facts.burn_in_model import BurnIn
from facts.parse.burn_in import burn_in as parsed
from tasks.acceptance import burn_in
from tasks.steps import job, joined
from tests.job_script import started
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.acceptance import a_burn_in
from tests.unit.tasks.steps.conftest import machine as machine
from tests.unit.tasks.steps.job_machine import Machine

TORCH = os.environ.get("GPUWRIGHT_TEST_TORCH")
needs_torch = pytest.mark.skipif(
    not TORCH and importlib.util.find_spec("torch") is None,
    reason="no torch in this environment (GPUWRIGHT_TEST_TORCH names a Python that has one)",
)


def ended(machine: Machine, task: job.Job, limit_s: int = 90) -> list[str]:
    return machine.run(job.poll_script(task, limit_s))


def result(task: job.Job) -> BurnIn:
    file = Path(task.folder) / "result.json"
    return parsed(False, file.read_text() if file.exists() else "")


@needs_torch
def test_job_lays_its_programs_out_and_loads_every_device(machine: Machine) -> None:
    task = burn_in.work(2, TORCH or sys.executable, "--cpu 2")
    assert machine.run(started(task)) == ["started"]
    assert machine.run(started(burn_in.work(9, TORCH or sys.executable))) == ["joined"]
    assert ended(machine, task)[0] == "state done 0"
    found = result(task)
    assert (found.ended, found.tiny, found.asked_s) == ("done", True, 2)
    assert [d.name for d in found.devices] == ["cpu:0", "cpu:1"]
    assert all(d.passes and d.products and d.samples and d.done for d in found.devices)
    samples = (Path(task.folder) / "samples.jsonl").read_text().splitlines()
    assert len(samples) == sum(d.samples for d in found.devices)
    assert {json.loads(line)["device"] for line in samples} == {"cpu:0", "cpu:1"}
    (line,) = machine.run(f"cd {task.folder} && {task.progress}")
    assert "2 GPUs" in line and "products right" in line


@needs_torch
def test_one_that_is_stopped_says_so_and_leaves_no_process(machine: Machine) -> None:
    task = burn_in.work(60, TORCH or sys.executable, "--cpu 1")
    machine.run(started(task))
    deadline = time.monotonic() + 60
    while '"passes": 0' in (text := _text(task)) or not text:
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    subprocess.run(["kill", "-TERM", "--", f"-{machine.pid(task)}"], check=True)
    ended(machine, task)
    found = result(task)
    assert (found.ended, found.why) == ("stopped", "somebody stopped it")
    left = subprocess.run(["pgrep", "-f", f"{task.folder}|told-cpu-0 60"], capture_output=True)
    assert left.stdout == b""


def _text(task: job.Job) -> str:
    file = Path(task.folder) / "result.json"
    return file.read_text() if file.exists() else ""


def test_host_without_an_environment_says_so_and_leaves_no_old_result(machine: Machine) -> None:
    task = burn_in.work(60, "/no/such/python")
    Path(task.folder).mkdir(parents=True)
    (Path(task.folder) / "result.json").write_text(a_burn_in.text())
    machine.run(started(task))
    said = ended(machine, task)
    assert said[0] == "state done 1"
    assert any("no environment with PyTorch" in line for line in said)
    assert not result(task).found


class AHost:
    """A host whose burn-in tells one answer after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: BurnIn, how: str = "started"):
        self.answers, self.begun = list(answers), list[str]()
        run = ARun(a_host.done(), {})
        self.host: Host = run.host

        def fact(kind: object, **_: Any) -> BurnIn:
            assert kind is BurnInResult
            return self.answers.pop(0)

        def begun(host: Host, task: job.Job, limit_s: int) -> str:
            self.begun.append(f"{task.title}, {limit_s}")
            return how

        monkeypatch.setattr(burn_in, "fact", fact)
        monkeypatch.setattr(joined, "begun", begun)
        monkeypatch.setattr(joined, "watched", lambda *_: "")
        monkeypatch.setattr(burn_in, "invalidate", lambda _: None)

    def burnt(self, busy: str = "", dry: bool = False) -> tuple[BurnIn, str]:
        return burn_in.burnt(self.host, 7200, busy, dry)


DONE, RUNS = a_burn_in.told(), a_burn_in.told(running=True, ended=None)


def test_one_is_begun_and_its_result_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    host = AHost(monkeypatch, BurnIn(), DONE)
    assert host.burnt() == (DONE, "")
    assert host.begun == ["burn-in of 2h, 8100"]


def test_one_that_ended_while_nobody_looked_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    host = AHost(monkeypatch, DONE)
    assert host.burnt() == (DONE, "")
    assert host.begun == []


@pytest.mark.parametrize("last", ["stopped", None])
def test_one_that_was_stopped_is_begun_again_and_one_that_died_is_told(
    last: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = AHost(monkeypatch, a_burn_in.told(ended=last), DONE)
    host.burnt()
    assert bool(host.begun) == (last == "stopped")


def test_one_that_runs_is_joined_though_it_holds_the_gpus(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    host = AHost(monkeypatch, RUNS, DONE, how="joined")
    with caplog.at_level("INFO", logger="pyinfra"):
        assert host.burnt("the GPUs are in use by python (7)") == (DONE, "")


def test_none_is_begun_beside_somebody_s_work(monkeypatch: pytest.MonkeyPatch) -> None:
    host = AHost(monkeypatch, BurnIn())
    assert host.burnt("the GPUs are in use by python (7)")[1].startswith("the GPUs are in use")
    assert host.begun == []


@pytest.mark.parametrize(
    ("now", "word"), [(RUNS, "one runs, 14412 of 14400 s"), (BurnIn(), "none")]
)
def test_dry_run_begins_none_and_waits_for_none(
    now: BurnIn, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = AHost(monkeypatch, now)
    assert host.burnt(dry=True)[1].endswith(word)
    assert host.begun == []


def test_job_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host = AHost(monkeypatch, BurnIn(), how="the job did not start: no systemd-run")
    assert host.burnt() == (BurnIn(), "the job did not start: no systemd-run")


def test_job_without_a_result_names_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    host = AHost(monkeypatch, BurnIn(), BurnIn())
    assert host.burnt()[1].endswith("its log: /var/lib/gpuwright/jobs/burn-in/log")


def test_result_that_was_told_is_kept_aside_and_answers_no_more(tmp_path: Path) -> None:
    taken = burn_in.TAKEN.replace("/var/lib/gpuwright/jobs/burn-in", str(tmp_path))
    (tmp_path / "result.json").write_text("{}")
    for _ in range(2):
        subprocess.run(["sh", "-ec", taken], check=True)
    assert [file.name for file in tmp_path.iterdir()] == ["result-told.json"]


def test_folder_and_unit_are_those_that_the_fact_reads() -> None:
    from facts import burn_in as fact

    task = burn_in.work(60)
    assert (task.folder, task.unit) == (fact.FOLDER, fact.UNIT)
