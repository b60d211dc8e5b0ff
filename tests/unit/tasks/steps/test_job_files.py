"""A job's files come whole, past other eyes, or it is not run; what a host lacks is said."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from tasks.steps import job
from tests.job_script import started
from tests.unit.tasks.steps.job_machine import Machine, gate


def test_script_and_inputs_are_in_no_command_line(machine: Machine) -> None:
    secret = "hunter2"
    step = job.Job("build", "a build", f"echo {secret}", inputs=(("list", secret),), undo=secret)
    command = job.start_script(step)
    for form in (secret, base64.b64encode(secret.encode()).decode()[:8]):
        assert form not in command
    assert job.payload(step).count(secret) == 3


@pytest.mark.parametrize("lost", [1, 20])
def test_script_that_came_cut_is_not_run(machine: Machine, lost: int) -> None:
    step = job.Job("build", "a build", "touch done", inputs=(("list", "one\ntwo\n"),))
    done = machine.sent(job.start_script(step), job.payload(step)[:-lost])
    assert done.returncode == 1 and "were not written whole" in done.stdout
    assert not (machine.folder / "units/asked").exists()


def test_log_and_progress_without_an_end_come_as_little(machine: Machine, tmp_path: Path) -> None:
    endless = "head -c 9000000 /dev/zero | tr '\\\\0' x"
    step = job.Job("build", "a build", f"{endless}; exit 7", progress=endless)
    machine.run(started(step))
    lines = machine.run(job.poll_script(step, 30))
    assert lines[:2] == ["state done 7", "---"] and len("".join(lines)) <= job.LOG_BYTES + 20
    step = job.Job("other", "another", gate(tmp_path), progress=endless)
    machine.run(started(step))
    assert len(machine.run(job.poll_script(step, 0))[1]) == 1000


def test_inputs_are_for_root_alone_whatever_the_login_allows(machine: Machine) -> None:
    step = job.Job("build", "a build", ":", inputs=(("fetch.sh", "me:pw"),))
    machine.run("umask 0; " + started(step))
    assert machine.run(job.poll_script(step, 30)) == ["state done 0"]
    files = [Path(step.folder) / name for name in ("fetch.sh", "script", "undo")]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert Path(step.folder).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["fetch.sh", "script"])
def test_job_with_a_file_that_was_cut_runs_nothing_and_does_not_count_as_done(
    name: str, machine: Machine, tmp_path: Path
) -> None:
    step = job.Job("build", "a build", f"touch {tmp_path}/ran", inputs=(("fetch.sh", "text"),))
    cut = f"cut() {{ truncate -s -1 {step.folder}/{name}; }}\n"
    script = started(step).replace("systemd-run --quiet", "cut; systemd-run --quiet")
    machine.run(cut + script)
    state, _, *tail = machine.run(job.poll_script(step, 30))
    assert state == "state done 1"
    assert "were not written whole" in tail[0]
    assert not (tmp_path / "ran").exists()


def test_job_whose_files_cannot_be_written_is_not_started(machine: Machine, tmp_path: Path) -> None:
    step = job.Job("build", "a build", ":", inputs=(("list", "x" * 60_000),))
    limited = "trap '' XFSZ; ulimit -f 16; " + started(step)
    done = machine.tried(limited)
    assert done.returncode == 1
    assert "Is the disk full?" in done.stdout
    assert not (tmp_path / "units" / step.unit).exists()


@pytest.mark.parametrize("left", ["", "0", "0 ", "0\n", "0 1234567890\n", "1 0\n"])
def test_mark_of_another_job_or_half_a_mark_is_no_end(left: str, machine: Machine) -> None:
    step = job.Job("build", "a build", ":")
    machine.run(started(step))
    machine.run(job.poll_script(step, 30))
    (Path(step.folder) / "exit").write_text(left)
    assert machine.run(job.poll_script(step, 0))[0].startswith("state lost")


def test_job_whose_end_could_not_be_noted_says_so(machine: Machine) -> None:
    step = job.Job("build", "a build", ":")
    machine.run(started(step))
    machine.run(job.poll_script(step, 30))
    (Path(step.folder) / "exit").rename(Path(step.folder) / "exit.new")
    state, *tail = machine.run(job.poll_script(step, 0))
    assert state.startswith("state lost")
    assert any("could not be noted" in line for line in tail)


def test_host_without_systemd_run_says_what_is_missing_and_how_to_get_it(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "bin/systemd-run").unlink()
    for tool in ("sh", "id", "mkdir", "stat", "rm"):
        (tmp_path / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
    done = machine.tried(started(job.Job("build", "a build", ":")), path=tmp_path / "bin")
    assert done.returncode == 1
    assert "there is no systemd-run" in done.stdout and "reinstall systemd" in done.stdout


def test_systemd_that_gives_no_answer_neither_starts_a_second_one_nor_loses_the_first(
    machine: Machine, tmp_path: Path
) -> None:
    step = job.Job("build", "a build", gate(tmp_path))
    machine.run(started(step))
    first = machine.pid(step)
    for name, text in (("systemctl", "echo no bus >&2; exit 1"), ("sleep", "exit 0")):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    for script in (started(step), job.poll_script(step, 0)):
        done = machine.tried(script)
        assert done.returncode == 1
        assert "systemd gives no answer: no bus" in done.stdout
    assert machine.pid(step) == first


def test_unit_that_is_refused_is_no_job_that_runs(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bin/systemd-run").write_text("#!/bin/sh\necho Connection refused >&2; exit 1\n")
    done = machine.tried(started(job.Job("build", "a build", ":")))
    assert done.returncode == 1
    assert "Connection refused" in done.stdout and "systemctl status dbus" in done.stdout


def test_folder_of_somebody_else_runs_nothing(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    os.chown(tmp_path / "jobs", 65534, 65534)
    done = machine.tried(started(job.Job("build", "a build", ":")))
    assert done.returncode == 1
    assert "belongs to nobody and not to root" in done.stdout
