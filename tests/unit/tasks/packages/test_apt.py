"""Shell for apt: what it does when apt is locked, broken, cut off, or about to remove something.

The scripts run for real, with stand-ins for apt-get, dpkg and sleep on the path.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.packages import apt, lists
from tasks.packages.transaction import Installation
from tasks.steps import before

FRONTEND = "dpkg: error: dpkg frontend lock was locked by another process with pid 4711"
LISTS = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)"


@dataclass
class Machine:
    """A machine whose apt does as it is told."""

    folder: Path

    def says(self, command: str, *answers: tuple[int, str]) -> None:
        """``command`` ends with these statuses and complaints, one after the other, then well."""
        rules = "".join(
            f"{turn}) echo {answer[1]!r} >&2; exit {answer[0]} ;; "
            for turn, answer in enumerate(answers, 1)
        )
        self.write(
            command,
            f'echo "{command} $*" >>"$LOG"\nturn=$(grep -c "^{command} " "$LOG")\n'
            f"case $turn in {rules} *) : ;; esac\n",
        )

    def write(self, command: str, script: str) -> None:
        """Put a stand-in on the path."""
        path = self.folder / "bin" / command
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)

    def run(self, script: str, lock_wait: int = 600) -> subprocess.CompletedProcess[str]:
        """Run a script as a job does; of this machine's packages and notes it knows nothing."""
        for command in ("dpkg-query", "apt-mark"):
            if not (self.folder / "bin" / command).exists():
                self.write(command, ":\n")
        return subprocess.run(
            ["sh", "-euc", script.replace(before.STATE, str(self.folder / "state"))],
            cwd=self.folder,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "LOG": str(self.folder / "calls"),
                "LOCK_WAIT": str(lock_wait),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        """What was called, in order."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def called(self, words: str) -> list[str]:
        """Calls that begin with these words."""
        return [call for call in self.calls if call.startswith(words)]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine where everything goes well."""
    monkeypatch.setattr(lists, "STAMP", str(tmp_path / "lists-read"))
    (tmp_path / "bin").mkdir()
    machine = Machine(tmp_path)
    for command in ("apt-get", "dpkg", "sleep"):
        machine.says(command)
    return machine


def test_installation_is_tried_before_it_is_made(machine: Machine) -> None:
    assert machine.run(apt.install(Installation(["one", "two"]))).returncode == 0
    fix, trial, real = machine.calls
    assert fix.startswith("dpkg --configure -a")
    assert " -s " in trial
    assert " -s " not in real
    for call in (trial, real):
        assert call.endswith(" one two")
        assert "--no-install-recommends" in call


def test_installation_that_would_remove_something_is_not_made(machine: Machine) -> None:
    machine.write("apt-get", 'echo "apt-get $*" >>"$LOG"\necho "Remv precious [1.0]"\n')
    done = machine.run(apt.install(Installation(["one"])))
    assert done.returncode == 1
    assert "precious would be removed" in done.stdout
    assert "Nothing was changed" in done.stdout
    assert len(machine.called("apt-get")) == 1


def test_installation_that_cannot_be_solved_is_not_made(machine: Machine) -> None:
    machine.says("apt-get", (100, "E: Unable to locate package one"))
    done = machine.run(apt.install(Installation(["one"])))
    assert done.returncode == 100
    assert "Unable to locate package one" in done.stdout
    assert len(machine.called("apt-get")) == 1


def test_locked_dpkg_is_waited_for(machine: Machine) -> None:
    machine.says("dpkg", (2, FRONTEND), (2, FRONTEND))
    done = machine.run(apt.install(Installation(["one"])))
    assert done.returncode == 0
    assert done.stdout.count("another package manager is at work") == 1
    assert len(machine.called("dpkg")) == 3
    assert machine.called("sleep") == ["sleep 5", "sleep 5"]


def test_dpkg_locked_for_ever_ends_with_dpkgs_own_words(machine: Machine) -> None:
    machine.says("dpkg", *[(2, FRONTEND)] * 9)
    done = machine.run(apt.install(Installation(["one"])), lock_wait=10)
    assert done.returncode != 0
    assert "locked by another process with pid 4711" in done.stdout
    assert machine.called("apt-get") == []
    assert len(machine.called("dpkg")) == 3


def test_package_that_cannot_be_configured_is_not_tried_again(machine: Machine) -> None:
    machine.says("dpkg", (1, "dpkg: error processing package one (--configure)"))
    done = machine.run(apt.install(Installation(["two"])))
    assert done.returncode == 1
    assert "error processing package one" in done.stdout
    assert machine.called("sleep") == []


def test_locked_lists_are_waited_for(machine: Machine) -> None:
    machine.says("apt-get", *[(100, LISTS)] * 6)
    assert machine.run(apt.refresh()).returncode == 0
    assert len(machine.called("apt-get update")) == 7


def test_lists_that_cannot_be_fetched_are_tried_four_times(machine: Machine) -> None:
    machine.says("apt-get", *[(100, "E: Failed to fetch")] * 9)
    done = machine.run(apt.refresh())
    assert done.returncode == 100
    assert len(machine.called("apt-get update")) == 4
    assert "try 2 of 4" in done.stdout


def test_fresh_lists_are_not_read_again(machine: Machine) -> None:
    machine.run(apt.refresh_if_stale())
    assert len(machine.called("apt-get update")) == 1
    machine.run(apt.refresh_if_stale())
    assert len(machine.called("apt-get update")) == 1


def test_old_lists_are_read_again(machine: Machine) -> None:
    machine.run(apt.refresh_if_stale())
    hours_ago = Path(lists.STAMP).stat().st_mtime - 13 * 3600
    os.utime(lists.STAMP, (hours_ago, hours_ago))
    machine.run(apt.refresh_if_stale())
    assert len(machine.called("apt-get update")) == 2


def test_lists_that_were_not_read_stay_stale(machine: Machine) -> None:
    machine.says("apt-get", *[(100, "E: Failed to fetch")] * 4)
    machine.run(apt.refresh_if_stale())
    assert not Path(lists.STAMP).exists()


def test_lists_are_read_again_after_a_source_was_added(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = machine.folder / "sources.list.d"
    sources.mkdir()
    script = apt.refresh_if_stale().replace("/etc/apt/sources.list.d", str(sources))
    machine.run(script)
    now = Path(lists.STAMP).stat().st_mtime
    (sources / "new.sources").touch()
    os.utime(sources / "new.sources", (now + 10, now + 10))
    machine.run(script)
    assert len(machine.called("apt-get update")) == 2


def test_fetched_packages_are_installed_from_their_folder_and_thrown_away(
    machine: Machine,
) -> None:
    archives = machine.folder / "archives"
    assert machine.run(apt.download(["one"], str(archives))).returncode == 0
    assert "--download-only" in machine.calls[0]
    assert (archives / "partial").is_dir()
    assert machine.run(apt.install(Installation(["one"], archives=str(archives)))).returncode == 0
    assert f"Dir::Cache::Archives={archives}" in machine.calls[-1]
    assert not archives.exists()


def test_failed_installation_keeps_what_was_fetched(machine: Machine) -> None:
    archives = machine.folder / "archives"
    machine.says("apt-get", (0, ""), (100, "E: cut off"))
    assert machine.run(apt.install(Installation(["one"], archives=str(archives)))).returncode == 100
    assert archives.exists()


def test_progress_is_apts_last_word(machine: Machine) -> None:
    (machine.folder / apt.STATUS).write_text(
        "dlstatus:1:20.5:Retrieving file 1 of 9\npmstatus:libcublas11:62.4:Unpacking a: b\n"
    )
    assert machine.run(apt.progress()).stdout == "62 % Unpacking a b\n"


@pytest.mark.parametrize("way", ["install", "download"])
def test_failed_installation_lets_the_next_run_read_the_lists_again(
    machine: Machine, way: str
) -> None:
    Path(lists.STAMP).touch()
    machine.says("dpkg")
    machine.write("apt-get", '[ "$2" = -s ] || { echo "404  Not Found" >&2; exit 100; }\n')
    script = (
        apt.install(Installation(["hello"]))
        if way == "install"
        else apt.download(["hello"], "archives")
    )
    done = machine.run(script)
    assert done.returncode == 100, done.stdout
    assert not Path(lists.STAMP).exists()
