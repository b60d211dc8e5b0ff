"""New settings for Docker: tried, put in place, and taken back where Docker does not like them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.templates import render

STAND_INS = {
    "dockerd": '[ "$1" = --help ] && { echo "  --validate"; exit 0; }\n'
    'grep -q refused "$3" && { echo "unknown key http://me:pw@p/" >&2; exit 1; }\nexit 0',
    "systemctl": 'echo "$*" >>FOLDER/calls\ncase "$1 $2" in\n'
    '"restart docker") ! grep -qs breaks FOLDER/daemon.json ;;\n'
    '"-q is-active") ! grep -qs breaks FOLDER/daemon.json ;;\n'
    '"-q is-failed") grep -qs breaks FOLDER/daemon.json ;;\nesac',
    "docker": "case $1 in info) cat FOLDER/daemon.json | sed 's/^/\"nvidia\" /' ;; esac",
    "journalctl": "echo failed to start daemon",
    "sleep": ":",
}


@dataclass(frozen=True)
class Place:
    """A folder with stand-ins for Docker and systemd, and Docker's settings in it."""

    folder: Path

    @property
    def live(self) -> Path:
        """The settings."""
        return self.folder / "daemon.json"

    @property
    def calls(self) -> str:
        """What systemd was asked."""
        calls = self.folder / "calls"
        return calls.read_text() if calls.exists() else ""

    def run(self, new: str | None, way: str) -> subprocess.CompletedProcess[str]:
        """Run the script with these new settings."""
        script = render(
            "docker_settings.sh.j2",
            path=str(self.live),
            mark=str(self.folder / "mark"),
            new=new is not None,
            way=way,
            runtime=new is not None,
        )
        if new is not None:
            (self.folder / "daemon.json.gpuwright-new").write_text(new)
        return subprocess.run(
            ["sh", "-euc", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin"},
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "bin").mkdir()
    for name, text in STAND_INS.items():
        program = tmp_path / "bin" / name
        program.write_text("#!/bin/sh\n" + text.replace("FOLDER", str(tmp_path)) + "\n")
        program.chmod(0o755)
    return Place(tmp_path)


def test_new_settings_are_put_in_place_with_a_backup_beside_them(place: Place) -> None:
    place.live.write_text('{"old": 1}')
    place.live.chmod(0o640)
    done = place.run('{"new": 1}', "reload")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.live.read_text() == '{"new": 1}'
    assert place.live.stat().st_mode & 0o777 == 0o640
    assert (place.folder / "daemon.json.gpuwright-old").read_text() == '{"old": 1}'
    assert "reload docker" in place.calls
    assert "restart" not in place.calls


def test_settings_that_docker_refuses_are_not_put_in_place(place: Place) -> None:
    place.live.write_text("{}")
    done = place.run('{"refused": 1}', "restart")
    assert done.returncode == 1
    assert place.live.read_text() == "{}"
    assert place.calls == ""
    assert "me:pw" not in done.stdout + done.stderr
    assert not list(place.folder.glob("*gpuwright-new*"))


def test_settings_that_docker_does_not_come_up_with_are_taken_back(place: Place) -> None:
    place.live.write_text('{"old": 1}')
    done = place.run('{"breaks": 1}', "restart")
    assert done.returncode == 1
    assert place.live.read_text() == '{"old": 1}'
    assert "it runs with them" in done.stdout


def test_first_settings_that_docker_does_not_come_up_with_go_again(place: Place) -> None:
    done = place.run('{"breaks": 1}', "restart")
    assert done.returncode == 1
    assert not place.live.exists()


def test_link_to_settings_elsewhere_stays_a_link(place: Place) -> None:
    elsewhere = place.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "real.json").write_text("{}")
    place.live.symlink_to(elsewhere / "real.json")
    (elsewhere / "real.json.gpuwright-new").write_text('{"new": 1}')
    done = place.run(None, "reload")
    assert done.returncode == 0
    done = place.run('{"unused": 1}', "reload")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.live.is_symlink()
    assert (elsewhere / "real.json").read_text() == '{"new": 1}'


def test_restart_that_is_cut_off_stays_due(place: Place) -> None:
    place.live.write_text('{"breaks": 1}')
    assert place.run(None, "restart").returncode == 1
    assert (place.folder / "mark").exists()
    place.live.write_text("{}")
    assert place.run(None, "restart").returncode == 0
    assert not (place.folder / "mark").exists()


def test_docker_that_lies_idle_is_started(place: Place) -> None:
    assert place.run(None, "start").returncode == 0
    assert "start docker" in place.calls
    assert "enable --quiet docker" in place.calls
