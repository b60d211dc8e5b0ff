"""Long steps as jobs: started once, joined when they run already, asked until their end."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tasks.steps import job
from tests.job_script import started
from tests.unit.tasks.steps.job_machine import Machine, gate, running, seconds


def test_job_runs_to_its_end(machine: Machine) -> None:
    step = job.Job("build", "a build", "echo built >result")
    assert machine.run(started(step)) == ["started"]
    assert machine.run(job.poll_script(step, 30)) == ["state done 0"]
    assert (Path(step.folder) / "result").read_text() == "built\n"


def test_running_job_tells_how_far_it_is(machine: Machine, tmp_path: Path) -> None:
    step = job.Job("build", "a build", gate(tmp_path), progress="echo early; echo half done")
    machine.run(started(step))
    assert running(machine.run(job.poll_script(step, 0))) == ["half done"]


def test_progress_that_fails_is_silent(machine: Machine, tmp_path: Path) -> None:
    step = job.Job("build", "a build", gate(tmp_path), progress="cat no-such-file")
    machine.run(started(step))
    assert running(machine.run(job.poll_script(step, 0))) == []


def test_running_job_is_joined_and_never_started_twice(machine: Machine, tmp_path: Path) -> None:
    step = job.Job("build", "a build", gate(tmp_path, "echo once >>result"))
    machine.run(started(step))
    first = machine.pid(step)
    assert machine.run(started(step)) == ["joined"]
    assert machine.pid(step) == first
    (tmp_path / "go").touch()
    assert machine.run(job.poll_script(step, 30)) == ["state done 0"]
    assert (Path(step.folder) / "result").read_text() == "once\n"


def test_failed_job_ends_with_its_status_and_the_end_of_its_log(machine: Machine) -> None:
    lines = job.LOG_LINES + 5
    script = f"i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); done; exit 7"
    step = job.Job("build", "a build", script)
    machine.run(started(step))
    state, mark, *tail = machine.run(job.poll_script(step, 30))
    assert (state, mark) == ("state done 7", "---")
    assert tail == [f"line {i}" for i in range(lines - job.LOG_LINES, lines)]


def test_command_that_fails_ends_the_job(machine: Machine) -> None:
    step = job.Job("build", "a build", "false\necho still here")
    machine.run(started(step))
    assert machine.run(job.poll_script(step, 30))[0] == "state done 1"


def test_unset_variable_ends_the_job(machine: Machine) -> None:
    step = job.Job("build", "a build", 'rm -rf "$unset/important"')
    machine.run(started(step))
    assert not machine.run(job.poll_script(step, 30))[0].endswith(" 0")


def test_killed_job_is_lost_and_not_done(machine: Machine, tmp_path: Path) -> None:
    step = job.Job("build", "a build", "echo begun\n" + gate(tmp_path))
    machine.run(started(step))
    log = Path(step.folder) / "log"
    machine.run(f"until grep -q begun {log} 2>/dev/null; do sleep 0.05; done")
    subprocess.run(["kill", "-9", "--", f"-{machine.pid(step)}"], check=True)
    assert machine.run(job.poll_script(step, 30))[1:] == ["---", "begun"]
    os.utime(Path(step.folder) / "script", (1, time.time() - 100))
    assert 100 <= seconds(machine.run(job.poll_script(step, 30))) < 160


def test_job_that_was_lost_starts_again_without_the_old_answer(
    machine: Machine, tmp_path: Path
) -> None:
    failed = job.Job("build", "a build", "exit 7")
    machine.run(started(failed))
    machine.run(job.poll_script(failed, 30))
    again = job.Job("build", "a build", gate(tmp_path))
    assert machine.run(started(again)) == ["started"]
    assert running(machine.run(job.poll_script(again, 0))) == []


def test_script_may_hold_any_character(machine: Machine) -> None:
    text = "quotes ' \" $HOME `id` \\n %s Ü"
    script = f"cat >result <<'END'\n{text}\nEND"
    step = job.Job("build", "a build", script)
    machine.run(started(step))
    assert machine.run(job.poll_script(step, 30)) == ["state done 0"]
    assert (Path(step.folder) / "result").read_text() == f"{text}\n"


def test_job_asks_nothing_and_speaks_plainly(machine: Machine) -> None:
    step = job.Job("build", "a build", "echo $DEBIAN_FRONTEND $LC_ALL $HOME $LOCK_WAIT >result")
    machine.run(started(step, lock_wait=5))
    machine.run(job.poll_script(step, 30))
    result = (Path(step.folder) / "result").read_text()
    assert result == "noninteractive C.UTF-8 /root 5\n"


def test_undo_is_systemds_to_run_however_the_job_ends(machine: Machine) -> None:
    step = job.Job("build", "a build", ":", undo="rm -f /run/mark")
    machine.run(started(step))
    assert f"--property=ExecStopPost=-/bin/sh {step.folder}/undo" in machine.asked
    assert (Path(step.folder) / "undo").read_text() == "rm -f /run/mark\n"


def test_job_without_undo_leaves_systemd_nothing_to_run(machine: Machine) -> None:
    machine.run(started(job.Job("build", "a build", ":")))
    assert "ExecStopPost" not in machine.asked
