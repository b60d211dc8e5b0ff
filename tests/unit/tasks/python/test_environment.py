"""The environment's build: whole with its mark, or without it; tried again only where it helps.

The script runs for real with a stand-in for uv.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.templates import render

NO_BUILD = "error: No solution found when resolving dependencies"
CUT = "error: Failed to fetch: connection reset"
UV = """#!/bin/sh
echo "$*" >>"$LOG"
if [ "$1" = venv ]; then
    for env do :; done
    mkdir -p "$env/bin" "$env/lib"
    exit
fi
turn=$(grep -c '^pip' "$LOG")
complaint=$(sed -n ${turn}p "$TROUBLE")
[ -n "$complaint" ] || { touch "$ENV/lib/torch"; chmod 666 "$ENV/lib/torch"; exit; }
echo "$complaint" >&2
exit 1
"""


@dataclass
class Machine:
    """A machine whose uv has some trouble first."""

    folder: Path

    @property
    def env(self) -> Path:
        """The environment's folder."""
        return self.folder / "envs/it's mine"

    def build(self, *trouble: str) -> subprocess.CompletedProcess[str]:
        """Run the script while uv complains in turn."""
        (self.folder / "trouble").write_text("".join(f"{line}\n" for line in trouble))
        (self.folder / "lock.txt").write_text("torch==2.9.1\n")
        for name, text in (("uv", UV), ("sleep", "#!/bin/sh\n")):
            path = self.folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        script = render(
            "venv.sh.j2",
            env=str(self.env),
            lock=str(self.folder / "lock.txt"),
            python="/usr/bin/python3.11",
            prompt="pytorch-2.9",
            uv=str(self.folder / "bin/uv"),
            uv_environment="export UV_DEFAULT_INDEX=http://mirror.example.org/simple\n"
            f"export UV_CACHE_DIR={self.folder}",
            links=(),
        )
        return subprocess.run(
            ["sh", "-euc", script],
            cwd=self.folder,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "LOG": str(self.folder / "calls"),
                "TROUBLE": str(self.folder / "trouble"),
                "ENV": str(self.env),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def tries(self) -> int:
        """How often uv was asked to install."""
        return (self.folder / "calls").read_text().count("pip install")

    @property
    def complete(self) -> bool:
        """Whether the environment carries its mark."""
        return (self.env / ".gpuwright-complete").exists()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without environments."""
    return Machine(tmp_path)


def test_environment_is_built_from_the_lock_with_its_hashes(machine: Machine) -> None:
    assert machine.build().returncode == 0
    assert machine.complete
    calls = (machine.folder / "calls").read_text()
    assert "--require-hashes --no-deps" in calls
    assert (machine.env / "gpuwright-lock.txt").read_text() == "torch==2.9.1\n"


def test_nothing_in_it_may_be_written_by_others(machine: Machine) -> None:
    machine.build()
    assert (machine.env / "lib/torch").stat().st_mode & 0o022 == 0


def test_complete_environment_is_left_alone(machine: Machine) -> None:
    machine.build()
    assert machine.build(CUT).returncode == 0
    assert machine.tries == 1


def test_half_environment_is_built_again(machine: Machine) -> None:
    (machine.env / "lib").mkdir(parents=True)
    (machine.env / "lib/half").touch()
    assert machine.build().returncode == 0
    assert not (machine.env / "lib/half").exists()
    assert machine.complete


def test_cut_download_is_tried_again_with_what_is_there(machine: Machine) -> None:
    done = machine.build(CUT)
    assert done.returncode == 0
    assert "try 2 of 2" in done.stdout
    assert machine.complete


def test_download_that_is_always_cut_leaves_no_mark(machine: Machine) -> None:
    done = machine.build(CUT, CUT)
    assert done.returncode == 1
    assert "connection reset" in done.stdout
    assert not machine.complete


def test_index_without_the_build_is_named_and_not_asked_again(machine: Machine) -> None:
    done = machine.build(NO_BUILD)
    assert done.returncode == 1
    assert "http://mirror.example.org/simple" in done.stdout
    assert "lacks a build that the lock asks for" in done.stdout
    assert machine.tries == 1
    assert not machine.complete
