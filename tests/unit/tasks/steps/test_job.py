"""Long steps as jobs: started once, joined when they run already, asked until their end.

The scripts run for real, below a temporary folder, with stand-ins for systemd's two commands: the
unit's process is a plain process whose pid lies in a file.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.steps import course, job
from tests.job_script import started
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun

SYSTEMD_RUN = """#!/bin/sh
echo "$@" >>"$UNITS/asked"
while [ "$1" != /bin/sh ]; do
    case $1 in --setenv=*) export "${1#--setenv=}" ;; --unit=*) unit=${1#--unit=} ;; esac
    shift
done
setsid "$@" >/dev/null 2>&1 </dev/null &
echo $! >"$UNITS/$unit"
"""
SYSTEMCTL = """#!/bin/sh
[ "$1" = is-active ] || exit 0
state=$(ps -o stat= -p "$(cat "$UNITS/$2" 2>/dev/null || echo 0)" 2>/dev/null)
case $state in ''|Z*) echo inactive; exit 3 ;; *) echo active ;; esac
"""


@dataclass
class Machine:
    """A machine with systemd, as far as jobs see one."""

    folder: Path

    def run(self, script: str) -> list[str]:
        """Run a script of `tasks.steps.job`; gives the lines that it prints."""
        done = self.sent(script, "")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def tried(self, script: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one that may fail; `path`: the only folder of programs."""
        return self.sent(script, "", path)

    def sent(
        self, script: str, read: str, path: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with something to read; `path`: the only folder of programs."""
        return subprocess.run(
            ["/bin/sh", "-c", script],
            input=read,
            env={
                "PATH": str(path or f"{self.folder / 'bin'}:{os.environ['PATH']}"),
                "UNITS": str(self.folder / "units"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def pid(self, a_job: job.Job) -> int:
        """The process of the job's unit."""
        return int((self.folder / "units" / a_job.unit).read_text())

    @property
    def asked(self) -> str:
        """What systemd-run was asked for."""
        return (self.folder / "units/asked").read_text()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine without jobs; jobs that a test leaves are killed."""
    monkeypatch.setattr(job, "FOLDER", str(tmp_path / "jobs"))
    (tmp_path / "units").mkdir()
    (tmp_path / "bin").mkdir()
    for name, text in (("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    yield Machine(tmp_path)
    for unit in (tmp_path / "units").glob("*.service"):
        subprocess.run(["kill", "-9", "--", f"-{unit.read_text().strip()}"], check=False)


def gate(tmp_path: Path, then: str = ":") -> str:
    """A script that ends when the file ``go`` is there."""
    return f"until [ -e {tmp_path}/go ]; do sleep 0.05; done\n{then}"


def running(told: list[str]) -> list[str]:
    """What a running job tells beside that."""
    assert re.fullmatch(r"state running \d+", told[0])
    return told[1:]


def seconds(told: list[str]) -> int:
    """The number in the first line."""
    return int(told[0].split()[-1])


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
