"""What CI does with Vagrant: only where its time and its machine allow it, and then for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.test_house import HOUSE

_TOOLS = ("sh", "dirname", "date", "env")


def ran(room: Path, left_s: int, fails: str = "") -> tuple[int, str, list[str]]:
    """Run it with stand-ins for all that it starts; gives its end, its words, and what it did."""
    for name in ("apt-get", "virsh", "virtlogd", "libvirtd", "make"):
        program = room / "bin" / name
        program.parent.mkdir(exist_ok=True)
        failing = f'case " $FAILS " in *" {name} "*) exit 5 ;; esac'
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>"$ROOM/did"\n{failing}\n')
        program.chmod(0o755)
    for name in _TOOLS:
        (room / "bin" / name).symlink_to(shutil.which(name) or name)
    (room / "a checkout/.ci").mkdir(parents=True)
    shutil.copy(HOUSE / ".ci/vagrant", room / "a checkout/.ci")
    done = subprocess.run(
        ["sh", str(room / "a checkout/.ci/vagrant")],
        env={
            **{"PATH": str(room / "bin"), "ROOM": str(room), "FAILS": fails},
            "GPUWRIGHT_TESTS_END": str(int(time.time()) + left_s),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    did = room / "did"
    return done.returncode, done.stdout, did.read_text().splitlines() if did.exists() else []


def test_no_time_is_left_and_that_is_said(tmp_path: Path) -> None:
    code, said, did = ran(tmp_path, 600)
    assert (code, did) == (0, [])
    assert "make test-vagrant: left out" in said


def test_machine_without_these_packages_is_no_failure(tmp_path: Path) -> None:
    code, said, did = ran(tmp_path, 4000, "apt-get")
    assert code == 0 and "cannot be installed here" in said
    assert [line.split()[0] for line in did] == ["apt-get"]


@pytest.mark.parametrize(
    ("fails", "started"), [("", []), ("virsh", ["virtlogd -d", "libvirtd -d"])]
)
def test_libvirt_is_started_where_nobody_has(
    tmp_path: Path, fails: str, started: list[str]
) -> None:
    code, _, did = ran(tmp_path, 4000, fails)
    assert code == 0
    assert did[2:] == [*started, "make -o check test-vagrant"]


def test_test_that_fails_is_ci_s_failure(tmp_path: Path) -> None:
    assert ran(tmp_path, 4000, "make")[0] == 5


def test_ci_comes_to_it_when_all_else_has_passed() -> None:
    lines = (HOUSE / ".ci/run").read_text().splitlines()
    assert lines[-1] == "exec sh .ci/vagrant" and "set -eu" in lines
    assert os.access(HOUSE / ".ci/vagrant", os.X_OK)
