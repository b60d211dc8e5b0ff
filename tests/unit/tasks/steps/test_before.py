"""Notes of what was there, and of what transactions bring, on a machine of a few files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.steps import before
from tests.plain_shell import assert_plain


class Machine:
    """A dpkg, an apt-mark and a folder of notes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notes = folder, folder / "var/brought"
        (folder / "bin").mkdir()
        programs = {"dpkg-query": f"cat {folder}/packages", "apt-mark": f"cat {folder}/manual"}
        for name, text in programs.items():
            (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / "bin" / name).chmod(0o755)
        self.has("bash 5", manual="bash")

    def has(self, *packages: str, manual: str = "") -> None:
        """These packages are there: ``name version``, with ``rc`` before it what was removed."""
        lines = [p if p.startswith("rc ") else f"ii  {p}" for p in packages]
        (self.folder / "packages").write_text("".join(f"{line}\n" for line in lines))
        (self.folder / "manual").write_text("".join(f"{name}\n" for name in manual.split()))

    def transaction(self, *packages: str, manual: str = "", code: int = 0) -> int:
        """One transaction of a job, after which these packages are there."""
        after = self.folder / "after"
        after.mkdir(exist_ok=True)
        now = {n: (self.folder / n).read_text() for n in ("packages", "manual")}
        self.has(*packages, manual=manual)
        for name, text in now.items():
            (self.folder / name).rename(after / name)
            (self.folder / name).write_text(text)
        script = before.brought(f"cp {after}/* {self.folder}; [ {code} = 0 ] || exit {code}")
        script = script.replace(before.BROUGHT, str(self.notes))
        done = subprocess.run(
            ["sh", "-euc", script],
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.stderr, done.stderr
        return done.returncode

    def noted(self, name: str) -> list[str]:
        """The lines of a note."""
        path = self.notes / name
        return [line.strip() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_comes_is_noted_and_what_was_there_is_not(machine: Machine) -> None:
    assert machine.transaction("bash 5", "dkms 3", "gcc 12", manual="bash dkms") == 0
    assert machine.noted("came") == ["dkms 3", "gcc 12"]
    assert machine.noted("manual") == ["dkms"]
    assert not machine.noted("moved") and not machine.noted("gone")


def test_what_comes_up_to_date_is_no_news(machine: Machine) -> None:
    machine.transaction("bash 6", "dkms 3")
    assert machine.noted("came") == ["dkms 3"] and machine.noted("moved") == ["bash 6"]


def test_what_an_administrator_installs_in_between_is_not_ours_when_it_moves(
    machine: Machine,
) -> None:
    machine.transaction("bash 5", "dkms 3")
    machine.has("bash 5", "dkms 3", "htop 1")
    machine.transaction("bash 5", "dkms 4", "htop 2")
    assert machine.noted("came") == ["dkms 3"]
    assert machine.noted("moved") == ["dkms 4", "htop 2"]


def test_what_goes_is_noted(machine: Machine) -> None:
    machine.has("bash 5", "nvidia-535 535")
    machine.transaction("bash 5", "nvidia-580 580", "rc nvidia-535 535")
    assert machine.noted("gone") == ["nvidia-535 535"] and machine.noted("came") == [
        "nvidia-580 580"
    ]


def test_failed_transaction_is_made_up_by_the_next(machine: Machine) -> None:
    assert machine.transaction("bash 5", "dkms 3", code=100) == 100
    assert not machine.noted("came")
    assert machine.transaction("bash 5", "dkms 3", "make 4") == 0
    assert machine.noted("came") == ["dkms 3", "make 4"]
    assert not (machine.notes / "pending").exists()


def test_several_versions_of_a_kernel_s_package_are_several(machine: Machine) -> None:
    machine.has("kernel-devel.x86_64 1")
    machine.transaction("kernel-devel.x86_64 1", "kernel-devel.x86_64 2")
    assert machine.noted("came") == ["kernel-devel.x86_64 2"] and not machine.noted("moved")


def test_settings_that_were_left_do_not_count_as_there(machine: Machine) -> None:
    machine.has("rc dkms 2")
    machine.transaction("dkms 3")
    assert machine.noted("came") == ["dkms 3"]


def test_notes_are_for_root_alone(machine: Machine) -> None:
    machine.transaction("bash 5", "dkms 3")
    assert machine.notes.stat().st_mode & 0o077 == 0


def before_of(folder: Path, *traces: str, script: str = "") -> Path:
    """Note what is there on a machine with these traces of an earlier release; gives the notes."""
    machine = Machine(folder)
    for trace in traces:
        trace = trace.replace("*", "lib")
        (folder / trace.lstrip("/")).mkdir(parents=True)
    script = script or before.script()
    for path in (*before.TRACES, before.STATE, "/opt/gpuwright/pull"):
        script = script.replace(path, f"{folder}{path}")
    script = script.replace(f"{folder}{folder}", str(folder))
    done = subprocess.run(
        ["sh", "-c", f'place() {{ mkdir -p "$1"; }}\n{script}'],
        env={"PATH": f"{machine.folder}/bin:/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return folder / before.BEFORE.lstrip("/")


@pytest.mark.parametrize("traces", [(), *((trace,) for trace in before.TRACES)])
def test_note_says_whether_an_earlier_release_was_here(
    tmp_path: Path, traces: tuple[str, ...]
) -> None:
    notes = before_of(tmp_path, *traces)
    assert (notes / "since").read_text() == ("later\n" if traces else "first\n")
    assert (notes / "packages").read_text().strip() == "bash 5"


def test_unit_that_provisions_the_host_is_no_change_of_it(tmp_path: Path) -> None:
    notes = before_of(tmp_path, "/opt/gpuwright/pull")
    assert (notes / "since").read_text() == "first\n"


def test_files_of_others_that_we_may_change_are_copied_with_their_rights(tmp_path: Path) -> None:
    for number, name in enumerate(before.SHARED):
        path = tmp_path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
        path.chmod(0o640)
    script = before.script()
    for path_ in before.SHARED:
        script = script.replace(f" {path_}", f" {tmp_path}{path_}")
    notes = before_of(tmp_path, script=script)
    for number, name in enumerate(before.SHARED):
        copy = notes / f"files{tmp_path}{name}"
        assert copy.read_text() == str(number) and copy.stat().st_mode & 0o777 == 0o640


def test_folders_that_are_about_to_be_made_are_noted_and_those_there_are_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "srv").mkdir()
    folder = f"{tmp_path}/srv/it's/metrics"
    script = before.made_script(folder).replace(before.BROUGHT, f"{tmp_path}/notes")
    subprocess.run(["sh", "-euc", script], check=True)
    assert (tmp_path / "notes/made").read_text().splitlines() == [folder, f"{tmp_path}/srv/it's"]


def test_it_is_plain_shell() -> None:
    assert_plain(f"set -eu\n{before.brought('true')}")
    assert_plain(before.script(), "SC2016", "SC2329")
    assert_plain(before.note_script("paths", "/usr/local/it's; hurt"))
    assert_plain(before.made_script("/srv/it's; hurt"))
    assert_plain(before.written_script("/srv/it's; hurt"))
