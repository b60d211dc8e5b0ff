"""`make silicon`: what it keeps and how it ends; on planted readings, for no GPU is here."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from facts.cuda_call import CudaCall
from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm
from facts.device_health import DeviceHealth
from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.measurements import SpeedMeasurements
from make import silicon
from make.silicon import LeftOutError, Run
from tasks.acceptance.deadline import Deadline
from tasks.benchmark.readings import MARK
from tests.unit.tasks import a_patient
from tests.unit.tasks.acceptance import a_measurement, a_subject

HERE = Path(silicon.__file__).parents[1]
ANSWERS: dict[Any, Any] = {
    HostProbe: a_subject.state(8),
    HostEvidence: a_patient.EVIDENCE,
    CudaCall: a_subject.call(8),
    DeviceHealth: a_subject.seen(8),
    SpeedMeasurements: a_measurement.told(8),
    DcgmDiagnosis: Dcgm(why="there is no dcgmi on this host"),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run on a machine with eight H100, whose tools say nothing."""
    monkeypatch.setattr(Run, "fact", lambda _, __, kind, *___, **____: ANSWERS[kind])
    return Run(tmp_path, sys.executable, Deadline(720), tmp_path)


def test_stages_judge_the_machine_as_verify_judges_a_host(run: Run) -> None:
    stages = dict(silicon.STAGES)
    assert [*stages] == ["facts", "quick", "standard", "benchmark"]
    del stages["benchmark"]
    told = {name: silicon._ran(name, stage, run) for name, stage in stages.items()}
    assert {one["came"] for one in told.values()} == {"ran"}, told
    quick = json.loads((run.folder / "quick.json").read_text())
    # The doctor misses Fabric Manager on this made-up host; no GPU has anything.
    assert {found["check"] for found in quick["findings"]} <= {"driver"}
    assert quick["proof"].startswith("kernel (") and quick["level"] == "quick"
    standard = (run.folder / "standard.txt").read_text()
    assert standard.startswith("silicon: ") and "hbm_bandwidth alone: 2903" in standard
    assert {name for name, _ in silicon.RAW} <= {file.name for file in run.folder.iterdir()}


def test_stage_that_fails_is_told_and_stops_none_of_the_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, HostEvidence, None)
    assert silicon._ran("quick", silicon.quick, run)["came"] == "failed"
    told = silicon._ran("standard", silicon.standard, run)
    assert (told["came"], told["words"]) == ("left out", "the level quick was not read to its end")


def test_machine_without_torch_leaves_measuring_out(run: Run) -> None:
    run.python = None
    silicon.quick(run)
    with pytest.raises(LeftOutError, match="no Python with torch"):
        silicon.standard(run)


def benched(run: Run, *lines: Mapping[str, object]) -> dict[str, str]:
    """The stage benchmark, whose program prints these lines."""
    said = "".join(f"{MARK}{json.dumps(line)}\n" for line in lines)
    python = run.folder / "a python"
    words = shlex.quote(str(run.folder / "words"))
    python.write_text(f"#!/bin/sh\necho \"$@\" >{words}\ncat <<'E'\n{said}E\n")
    python.chmod(0o755)
    run.python = str(python)
    silicon.quick(run)
    return silicon._ran("benchmark", silicon.benchmark, run)


def test_native_side_of_the_benchmark_is_run_once_and_its_figures_are_kept(run: Run) -> None:
    told = benched(
        run,
        {"tiny": False, "load": 0.2},
        {"metric": "bert_step", "value": 0.1, "right": True},
        {"same": {"torch": "2.9.1"}},
    )
    assert (told["came"], told["words"], run.levels["quick"]) == ("ran", "1 figures", "CRITICAL")
    assert "benchmark" not in run.levels
    kept = json.loads((run.folder / "benchmark.json").read_text())
    assert (kept["values"], kept["same"]) == ({"bert_step": 0.1}, {"torch": "2.9.1"})
    assert (run.folder / "benchmark.raw.txt").read_text().startswith(MARK)
    words = (run.folder / "words").read_text()
    assert "benchmark run --same --volume" in words and "--limit 230" in words
    assert "--cpu" not in words


def test_wrong_figure_of_the_benchmark_makes_the_whole_critical(run: Run) -> None:
    told = benched(run, {"metric": "loading", "value": 9, "right": False})
    assert run.levels["benchmark"] == "CRITICAL" and "wrong: loading" in told["words"]


def test_benchmark_that_comes_to_nothing_is_left_out_and_says_why(run: Run) -> None:
    told = benched(run, {"part": "work", "why": "OutOfMemoryError"})
    assert told["came"] == "left out" and "work: OutOfMemoryError" in told["words"]


@pytest.mark.parametrize(("seconds", "came"), [(59, "left out"), (600, "ran")])
def test_benchmark_is_not_begun_where_it_could_not_end(run: Run, seconds: int, came: str) -> None:
    run.end = Deadline(seconds)
    assert benched(run, {"metric": "bert_step", "value": 0.1, "right": True})["came"] == came
    assert (run.folder / "words").exists() == (came == "ran")


def test_tool_that_hangs_is_ended_with_what_it_began_and_its_words_are_kept(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path, None, Deadline(720), tmp_path)
    began = time.monotonic()
    said = run.sh("slow.txt", "echo begun; sleep 600 | cat", 5)
    assert time.monotonic() - began < 30
    assert said == ["begun"] and (tmp_path / "slow.txt").read_text() == "begun\n"


def test_time_that_is_over_leaves_the_rest_out(tmp_path: Path) -> None:
    run = Run(tmp_path, None, Deadline(3), tmp_path)
    with pytest.raises(LeftOutError, match="no time was left within 3 s"):
        run.sh("x.txt", "true", 20)


def test_nothing_asks_for_root(tmp_path: Path) -> None:
    run = Run(tmp_path, None, Deadline(720), tmp_path)
    run.sh("root.txt", HostEvidence().command().replace("sudo -n sh", "touch pwned"), 60)
    assert "sudo -n true" in HostEvidence().command()
    assert not (HERE / "pwned").exists()


def test_programs_are_laid_out_as_on_hosts_and_run(tmp_path: Path) -> None:
    silicon.lay_out(tmp_path, sys.executable)
    done = subprocess.run(
        [tmp_path / "gpuwright-measure"], capture_output=True, text=True, check=False
    )
    # torch itself is mostly not in this environment; that it was looked for is enough.
    assert "torch" in done.stdout + done.stderr
    assert "image.programs" not in (done.stderr.strip().splitlines() or [""])[-1]
    help_ = subprocess.run(
        [tmp_path / "gpuwright-selftest", "--help"], capture_output=True, text=True, check=False
    )
    assert help_.returncode == 0, help_.stderr
    bench = subprocess.run(
        [sys.executable, "-I", "-B", tmp_path / "benchmark", "run", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert bench.returncode == 0 and "--volume" in bench.stdout, bench.stderr


def test_no_python_with_torch_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert silicon.with_torch("/no/such/python") is None
    stand_in = tmp_path / "python3"
    stand_in.write_text("#!/bin/sh\nexit 0\n")
    stand_in.chmod(0o755)
    assert silicon.with_torch(None) == str(stand_in)


def test_whole_program_ends_with_plain_words_on_a_machine_without_a_gpu(tmp_path: Path) -> None:
    if list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("a GPU is here")
    done = subprocess.run(
        [sys.executable, "make/silicon.py", "--to", tmp_path / "a folder", "--python", "/none"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout.startswith("facts: left out, ") and done.stderr == ""
    summary = json.loads((tmp_path / "a folder/summary.json").read_text())
    assert summary["stages"]["standard"]["came"] == "left out"
