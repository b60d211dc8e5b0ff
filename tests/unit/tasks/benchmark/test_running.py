"""Runs by turns on hosts that are values: order, words, one benchmark at a time, nothing left."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import pytest
from pyinfra.api.host import Host

from tasks.benchmark import running
from tasks.benchmark.metrics import METRICS
from tasks.benchmark.readings import MARK
from tasks.benchmark.running import Side
from tasks.steps.job import Job
from tasks.steps.refusal import Refused
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun


class Hosts:
    """What hosts answer, and what they were asked."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.scripts: list[str] = []
        self.taken = "taken"
        self.fails_at = 10**6

    def ran(self, host: Host, job: Job) -> bool:
        self.jobs.append(job)
        return len(self.jobs) <= self.fails_at

    def run(self, host: Host, script: str, **_: Any) -> tuple[bool, str]:
        self.scripts.append(script)
        if script == running.take_script():
            return self.taken == "taken", self.taken
        if script.startswith("tail -c"):
            same = ', "same": {"torch": "2"}' if "--same" in self.jobs[-1].script else ""
            lines = [MARK + f'{{"metric": "loading", "value": {len(self.jobs)}, "right": true}}']
            return True, "\n".join([*lines, MARK + f'{{"x": 1{same}}}'])
        return True, ""


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """All that the runs call."""
    found = Hosts()
    monkeypatch.setattr(running.job, "ran", found.ran)
    monkeypatch.setattr(running, "run", found.run)
    return found


@pytest.fixture
def sides() -> tuple[Side, Side]:
    """A host's own environment, and its image."""
    host = ARun(a_host.bare()).host
    image = Side("image", host, "pytorch-cuda:x", ("--gpus", "all"), "docker run", 2)
    return Side("native", host, cpu=2), image


def released(hosts: Hosts) -> bool:
    return hosts.scripts[-1] == "systemctl stop gpuwright-benchmark-turn.service"


def test_both_warm_up_and_then_are_measured_by_turns(
    hosts: Hosts, sides: tuple[Side, Side]
) -> None:
    found = running.measured(sides, 5)
    titles = [j.title for j in hosts.jobs]
    assert titles[:2] == [f"benchmark of {n}, run to warm up" for n in ("native", "image")]
    which = ["image" in t for t in titles[2:]]
    assert which == [False, True, True, False, False, True, True, False, False, True]
    assert [[r.values["loading"] for r in row] for row in found.rows] == [
        [3, 6, 7, 10, 11],
        [4, 5, 8, 9, 12],
    ]
    assert found.same[1]["started by"] == "docker run" and found.same[0]["torch"] == "2"
    assert ["--same" in j.script for j in hosts.jobs] == [True] * 2 + [False] * 10
    assert released(hosts)


def test_host_with_a_benchmark_is_refused_and_its_benchmark_goes_on(
    hosts: Hosts, sides: tuple[Side, Side]
) -> None:
    hosts.taken = "it began Mon 2026-11-30 16:00:00 UTC"
    with pytest.raises(Refused) as refused:
        running.measured(sides, 5)
    (conflict,) = refused.value.conflicts
    assert (conflict.code, conflict.why) == ("BENCH-RUNNING", hosts.taken)
    assert hosts.scripts == [running.take_script()] and not hosts.jobs


@pytest.mark.parametrize("fails_at", [0, 1, 2, 7])
def test_job_that_fails_ends_it_with_what_is_there(
    fails_at: int, hosts: Hosts, sides: tuple[Side, Side]
) -> None:
    hosts.fails_at = fails_at
    found = running.measured(sides, 8)
    assert len(hosts.jobs) == fails_at + 1
    assert sum(map(len, found.rows)) == max(0, fails_at - 2)
    assert found.asked == 8 and released(hosts)


def test_host_that_goes_away_costs_what_is_not_measured_yet_and_no_more(
    hosts: Hosts, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(host: Host, job: Job) -> bool:
        if len(hosts.jobs) == 7:
            monkeypatch.setattr(running, "run", gone)
            raise EOFError("the line was cut")
        return hosts.ran(host, job)

    def gone(*_: Any, **__: Any) -> tuple[bool, str]:
        raise OSError("Socket is closed")

    monkeypatch.setattr(running.job, "ran", lost)
    found = running.measured(sides, 8)
    assert [len(row) for row in found.rows] == [3, 2]


@pytest.mark.parametrize("several", [True, False])
def test_host_that_waits_for_its_turn_is_told_that_somebody_waits(
    several: bool, hosts: Hosts, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its watch would end after `ALONE_S`, in the middle of the benchmark, and leave files there.

    One host alone is looked at all the time.
    """
    other = Side("gpu2", ARun(a_host.bare()).host) if several else sides[1]
    told: list[Host] = []

    def ran(host: Host, job: Job) -> bool:
        gevent.sleep(0.05)
        return hosts.ran(host, job)

    def run(host: Host, script: str, **words: Any) -> tuple[bool, str]:
        if script == running.AWAITED:
            told.append(host)
            if len(told) == 3:
                raise EOFError("a line that is cut for a moment")
        return hosts.run(host, script, **words)

    monkeypatch.setattr(running, "ALONE_S", 0.04)
    monkeypatch.setattr(running.job, "ran", ran)
    monkeypatch.setattr(running, "run", run)
    running.measured((sides[0], other), 5)
    count = len(told)
    assert set(told) == ({sides[0].host, other.host} if several else set())
    assert count > 10 or not several
    gevent.sleep(0.05)
    assert len(told) == count, "it goes on after the end"


def test_second_host_that_is_taken_gives_the_first_one_back(
    hosts: Hosts, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ARun(a_host.bare()).host
    asked: list[Host] = []

    def run(host: Host, script: str, **_: Any) -> tuple[bool, str]:
        asked.append(host)
        hosts.scripts.append(script)
        return host is not other, "taken" if host is not other else "busy"

    monkeypatch.setattr(running, "run", run)
    with pytest.raises(Refused):
        running.measured((sides[0], Side("gpu2", other)), 5)
    assert released(hosts) and asked == [sides[0].host, other, sides[0].host]


def test_sides_differ_in_how_they_are_started_and_in_nothing_else(
    sides: tuple[Side, Side],
) -> None:
    native, image = (running.job_of(side, "1 of 10") for side in sides)
    assert native.inputs == image.inputs
    assert "--side '{}'" in native.script
    words = sides[1].words["before"]
    assert words[:3] == ["docker", "run", "--rm"] and words[-1] == "pytorch-cuda:x"
    assert all(w.endswith(",readonly") for w in words if w.startswith("type=bind"))
    assert "--gpus" in words and json.dumps(sides[1].words) in image.script.replace("'\"'\"'", "'")


def test_job_lays_its_programs_down_and_runs_them(
    tmp_path: Path, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script as a shell runs it, with a Python that has no torch: that is told, not lost."""
    monkeypatch.setattr(running, "PYTHON", shutil.which("python3"))
    monkeypatch.setattr(running, "FOLDER", str(tmp_path))
    job = running.job_of(sides[0], "1 of 10")
    for name, text in job.inputs:
        (tmp_path / name).write_text(text)
    done = subprocess.run(["sh", "-euc", job.script], cwd=tmp_path, check=False)
    assert done.returncode == 0
    told = (tmp_path / "result").read_text()
    assert '"tiny": true' in told and "No module named 'torch'" in told
    assert (tmp_path / "programs/image/programs/benchmark.py").stat().st_mode & 0o777 == 0o644


def test_program_that_cannot_be_started_is_told(
    tmp_path: Path, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PYTHON", "/nowhere/python")
    monkeypatch.setattr(running, "FOLDER", str(tmp_path))
    job = running.job_of(sides[0], "1 of 10")
    for name, text in job.inputs:
        (tmp_path / name).write_text(text)
    subprocess.run(["sh", "-euc", job.script], cwd=tmp_path, check=True)
    (found,) = running.reading((tmp_path / "result").read_text().splitlines()).faults
    assert found == "run: exit status 127"


def test_watch_is_one_unit_with_an_end_and_takes_everything_away() -> None:
    script = running.take_script()
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    assert "--property=RuntimeMaxSec=" in script and "RuntimeDirectory=" in script
    for end in (
        "docker rm --force gpuwright-benchmark",
        "rm -rf /var/lib/gpuwright/jobs/benchmark",
    ):
        assert end in script
    # systemd reads these in what it is given to run at the end.
    stop = script.split("ExecStopPost=")[1].split(f"reset-failed {running.UNIT}")[0]
    assert "$" not in stop and "%" not in stop


def test_progress_names_the_figure_that_was_measured_last(
    tmp_path: Path, sides: tuple[Side, Side]
) -> None:
    lines = [
        MARK + '{"metric": "loading", "value": 1}',
        MARK + '{"metric": "detect_p99", "value": 1}',
    ]
    (tmp_path / "result").write_text("\n".join([*lines, MARK + '{"part": "x"}', ""]))
    words = running.job_of(sides[0], "1 of 10").progress.partition(";")[2]
    done = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "detect_p99 measured\n"


def test_part_that_is_left_out_is_told_with_its_figures(
    tmp_path: Path, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PYTHON", shutil.which("python3"))
    monkeypatch.setattr(running, "FOLDER", str(tmp_path))
    every = replace(sides[0], skip=("start", "models", "together"))
    work = running.job_of(every, "1 of 10")
    for name, text in work.inputs:
        (tmp_path / name).write_text(text)
    subprocess.run(["sh", "-euc", work.script], cwd=tmp_path, check=True)
    found = running.reading((tmp_path / "result").read_text().splitlines())
    assert set(found.left_out) == {metric.name for metric in METRICS}
    assert found.faults == ()
