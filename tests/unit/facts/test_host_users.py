"""Whom a reboot would interrupt, as this machine's own shell sees it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.host_users import HostUsers


def seen() -> list[str]:
    """What the fact tells of this machine."""
    done = subprocess.run(["sh", "-c", HostUsers().command()], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return HostUsers().process(done.stdout.splitlines())


@pytest.fixture
def somebody() -> Iterator[int]:
    """Somebody has logged in over a terminal; gives the shell's process."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execlp("sleep", "sleep", "600")
    while Path(f"/proc/{pid}/comm").read_text() != "sleep\n":
        time.sleep(0.01)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)


def test_who_has_a_terminal_is_logged_in(somebody: int) -> None:
    if 0 < os.getuid() < 1000:
        pytest.skip("a system's user is not a person")
    terminal = str(Path(f"/proc/{somebody}/fd/0").readlink()).removeprefix("/dev/")
    words = f"is logged in ({terminal}: "
    assert [line for line in seen() if words in line]


def test_program_without_a_terminal_is_nobody() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as alone:
        said = seen()
        alone.kill()
    assert not [line for line in said if f" {alone.pid} " in line or "(?" in line]


def test_answer_that_is_cut_off_is_none() -> None:
    with pytest.raises(FactProcessError, match="cut off"):
        HostUsers().process(["root is logged in (pts/0: bash)"])
