"""One process at a time: by a lock that ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_LOOKED_EVERY_S = 0.2


@contextlib.contextmanager
def alone(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of this name, which is gone afterwards.

    It is asked for again and again rather than waited for: runs of one process are greenlets, and
    a system call that waits would stop them all (gevent).

    Args:
        file: The lock; its folder is there.
        waiting: Called once if another process has it.

    Raises:
        OSError: It cannot be made.
    """
    said = False
    while True:
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            if not said:
                waiting()
                said = True
            time.sleep(_LOOKED_EVERY_S)
            continue
        except BaseException:
            os.close(opened)
            raise
        if _is_named(opened, file):
            break
        os.close(opened)  # Whoever had it took its name away meanwhile.
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(opened)


def _is_named(opened: int, file: Path) -> bool:
    try:
        there = file.lstat()
    except FileNotFoundError:
        return False
    ours = os.fstat(opened)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
