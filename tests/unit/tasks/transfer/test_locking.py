"""One at a time, also where the lock's name was taken away meanwhile."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tasks.transfer import locking


def test_lock_is_gone_afterwards(tmp_path: Path) -> None:
    with locking.alone(tmp_path / "lock", lambda: None):
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()


def test_lock_that_a_killed_process_left_is_taken(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("")
    with locking.alone(tmp_path / "lock", lambda: pytest.fail("it waits for nobody")):
        pass


def test_many_come_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "_LOOKED_EVERY_S", 0.001)
    inside, most, waited = 0, 0, []

    def one() -> None:
        nonlocal inside, most
        with locking.alone(tmp_path / "lock", lambda: waited.append(1)):
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    several = [threading.Thread(target=one) for _ in range(12)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert most == 1 and waited and not (tmp_path / "lock").exists()


def test_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), locking.alone(tmp_path / "lock", lambda: None):
        pass
    assert not (tmp_path / "elsewhere").exists()
