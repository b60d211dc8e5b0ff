"""Programs with an end, run for real."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from image.programs import timed
from image.programs.timed import Timed


def started(code: str) -> Timed:
    return Timed([sys.executable, "-S", "-c", code])


def test_program_that_ends_is_read_as_a_whole() -> None:
    program = started("import sys; print('x' * 100000); print('no', file=sys.stderr); sys.exit(3)")
    assert program.ended(time.monotonic() + 30)
    assert (program.status, program.out, program.err) == (3, "x" * 100000 + "\n", "no\n")


def test_of_a_flood_the_end_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed, "MOST_BYTES", 10)
    program = started("print('a' * 1000 + 'the end')")
    assert program.ended(time.monotonic() + 30)
    assert program.out == "aathe end\n"


def test_program_that_does_not_end_goes_with_all_that_it_started() -> None:
    code = "import subprocess; p = subprocess.Popen(['sleep', '60'])"
    program = started(f"{code}; print(p.pid, flush=True); p.wait()")
    while not program.out:
        assert not program.ended(time.monotonic() + 0.05)
    child = int(program.out)
    assert program.stop() == ""
    assert program.status == -9
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(child)


def test_program_that_cannot_be_killed_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = started("import time; time.sleep(60)")
    monkeypatch.setattr(timed.os, "killpg", lambda *_: None)  # as if the kernel held it
    monkeypatch.setattr(timed, "KILL_S", 0.2)
    began = time.monotonic()
    said = program.stop()
    assert time.monotonic() - began < 5
    assert "cannot be killed: it hangs in the kernel (state " in said
    monkeypatch.undo()
    program._process.returncode = None
    assert program.stop() == ""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
