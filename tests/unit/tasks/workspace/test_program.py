"""The program that brings a workspace up: what Docker is given is what its user may reach."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.templates import render
from tests.plain_shell import assert_plain

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="acts as another user")
DOCKER = """#!/bin/sh
echo "$*" >>FOLDER/calls
case "$*" in
*org.workspace*) echo nobody ;;
*State.Running*) cat FOLDER/running 2>/dev/null ;;
*org.values*) echo 12 ;;
esac
"""


def up(tmp_path: Path, then: str = "") -> tuple[subprocess.CompletedProcess[str], bool]:
    """Bring the workspace of nobody up; whether its container was started.

    What it holds is listed then.
    """
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o1)
    (tmp_path / "files/nobody").mkdir(parents=True)
    (tmp_path / "files/nobody/create").write_text("--label org.values=12\n")
    (tmp_path / "files/nobody/code").write_text(f"{tmp_path}/home/code\n")
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.replace("FOLDER", str(tmp_path)))
    docker.chmod(0o755)
    program = render(
        "workspace.sh.j2",
        header="",
        files=f"{tmp_path}/files",
        held=f"{tmp_path}/held",
        label="org",
    )
    assert_plain(program)
    # In a mount namespace of its own, so that nothing is left on this machine.
    (tmp_path / "program").write_text(f"{program}\nls {tmp_path}/held/nobody/code\n{then}\n")
    done = subprocess.run(
        ["unshare", "--mount", "sh", tmp_path / "program", "up", "nobody"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    calls = tmp_path / "calls"
    return done, "start gpuwright-workspace-nobody" in calls.read_text()


@pytest.mark.parametrize("kind", ["own", "link to own", "open to all"])
def test_container_starts_with_a_folder_that_its_user_may_list(kind: str, tmp_path: Path) -> None:
    code = tmp_path / "home/code"
    code.parent.mkdir()
    if kind == "link to own":
        (tmp_path / "elsewhere").mkdir()
        code.symlink_to("../elsewhere")
    else:
        code.mkdir()
    if kind == "own":
        os.chown(code, 65534, 65534)
        code.chmod(0o700)
    (code / "mine").touch()
    done, started = up(tmp_path)
    assert (done.returncode, started) == (0, True), done.stderr
    assert done.stdout.split() == ["mine"]


def test_folder_that_is_swapped_after_the_look_leads_nowhere_else(tmp_path: Path) -> None:
    """Docker mounts again by itself after a crash, when nobody looks."""
    code = tmp_path / "home/code"
    code.mkdir(parents=True)
    (code / "mine").touch()
    (tmp_path / "root").mkdir(mode=0o700)
    (tmp_path / "root/secret").touch()
    swap = f"mv {code} {code}.old; ln -s {tmp_path}/root {code}; ls {tmp_path}/held/nobody/code"
    done, started = up(tmp_path, swap)
    assert (done.returncode, started) == (0, True), done.stderr
    assert done.stdout.split() == ["mine", "mine"]


def test_container_that_runs_keeps_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("true\n")
    (tmp_path / "held/nobody/code").mkdir(parents=True)
    done, started = up(tmp_path)
    assert (done.returncode, started) == (0, True), done.stderr


@pytest.mark.parametrize("kind", ["closed", "link into a closed folder", "file", "gone"])
def test_container_is_not_given_what_its_user_may_not_list(kind: str, tmp_path: Path) -> None:
    code = tmp_path / "home/code"
    code.parent.mkdir()
    if kind == "closed":
        code.mkdir(mode=0o700)
    elif kind == "file":
        code.write_text("")
    elif kind.startswith("link"):
        (tmp_path / "root").mkdir(mode=0o700)
        (tmp_path / "root/project").mkdir(mode=0o755)
        code.symlink_to("../root/project")
    done, started = up(tmp_path)
    assert (done.returncode, started) == (1, False)
    assert "WORKSPACE-CODE" in done.stderr and "namei -l" in done.stderr
