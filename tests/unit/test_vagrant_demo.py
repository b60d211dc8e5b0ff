"""`make vagrant-demo`, with stand-ins for Vagrant and pyinfra: its order, and what it leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.test_house import HOUSE

_VAGRANT = """\
echo "vagrant $*" >> "$ROOM/did"
case $1 in
status) echo "gpu1    $STATE (libvirt)" ;;
up) [ "$FAILS" != up ] ;;
esac
"""
_PYINFRA = """\
echo "pyinfra $*" >> "$ROOM/did"
runs=$(grep -c ^pyinfra "$ROOM/did")
[ "$FAILS" != "run $runs" ] || exit 1
case $FAILS in SIG*) kill -s "${FAILS#SIG}" "$PPID" ;; esac
if [ "$runs" = 1 ] || [ "$FAILS" = again ]; then
    echo "    [@vagrant/gpu1] Success"
else
    echo "    [@vagrant/gpu1] No changes"
fi
"""
_PYTHON = 'echo "python $*" >> "$ROOM/did"\n'
_DESTROY = "vagrant destroy --force gpu1"
_RUN = "pyinfra -y --data without=torch @vagrant/gpu1 deploys/gpu_host.py"


def demo(
    room: Path, state: str = "not created", fails: str = ""
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script in a project with a blank in its path; gives what it did, in order."""
    project = room / "a project"
    for name, text in (("vagrant", _VAGRANT), ("pyinfra", _PYINFRA), ("python", _PYTHON)):
        program = project / ".venv/bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}")
        program.chmod(0o755)
    (project / "make").mkdir()
    shutil.copy(HOUSE / "make/vagrant_demo.sh", project / "make")
    done = subprocess.run(
        ["sh", str(project / "make/vagrant_demo.sh"), "--data", "without=torch"],
        env={**os.environ, "ROOM": str(room), "STATE": state, "FAILS": fails},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, (room / "did").read_text().splitlines()


def test_up_run_run_again_destroy(tmp_path: Path) -> None:
    done, did = demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert did == [
        "vagrant status gpu1",
        "vagrant up gpu1",
        "python -m vagrant",
        _RUN,
        _RUN,
        _DESTROY,
    ]
    assert "the second run changed nothing" in done.stderr


@pytest.mark.parametrize(
    ("fails", "runs", "said"),
    [
        ("up", 0, "python -m vagrant.box"),
        ("run 1", 1, "== vagrant destroy"),
        ("run 2", 2, "== vagrant destroy"),
        ("again", 2, "the second run changed something"),
        ("SIGTERM", 1, "== vagrant destroy"),
        ("SIGHUP", 1, "== vagrant destroy"),
    ],
)
def test_demo_that_fails_says_so_and_leaves_no_machine(
    tmp_path: Path, fails: str, runs: int, said: str
) -> None:
    done, did = demo(tmp_path, fails=fails)
    assert done.returncode != 0
    assert did.count(_RUN) == runs
    assert did[-1] == _DESTROY
    assert said in done.stderr
    assert "the second run changed nothing" not in done.stderr


@pytest.mark.parametrize("state", ["running", "shutoff", ""])
def test_machine_that_was_there_before_is_not_touched(tmp_path: Path, state: str) -> None:
    done, did = demo(tmp_path, state=state)
    assert done.returncode == 1
    assert did == ["vagrant status gpu1"]
    assert "VAGRANT_CWD=vagrant vagrant status gpu1" in done.stderr
