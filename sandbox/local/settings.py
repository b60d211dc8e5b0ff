"""Kernel settings of the machine that hosts need, found values recorded and put back.

They hold for the whole machine, so the record does too: it lies in /run, shared by all
checkouts, and the last one that needs a setting restores it. A setting that somebody changed
meanwhile is left as it is.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from sandbox.checkout import MARK, read_record, write_record

_SHARED = Path("/run/gpuwright-sandbox")
_FORMER = _SHARED / "former.json"
_USERS = _SHARED / "users"

# Each systemd holds about fourteen inotify instances, all as root: the kernel's usual 128 are
# used up by eight hosts ("Failed to allocate manager object" is what the next one says).
_NEEDED = {
    Path("/proc/sys/net/ipv4/ip_forward"): 1,
    Path("/proc/sys/fs/inotify/max_user_instances"): 2048,
}


def take() -> None:
    """Raise each setting to what hosts need, and note that this checkout needs it."""
    with _lock():
        _USERS.mkdir(exist_ok=True)
        found = {str(setting): int(setting.read_text()) for setting in _NEEDED}
        write_record(_FORMER, {**found, **(read_record(_FORMER) or {})})
        (_USERS / MARK).touch()
        for setting, needed in _NEEDED.items():
            if found[str(setting)] < needed:
                setting.write_text(str(needed))


def give_back() -> None:
    """Give up this checkout's need; the last one restores what was found."""
    if not (_USERS / MARK).exists():
        return
    with _lock():
        (_USERS / MARK).unlink(missing_ok=True)
        if any(_USERS.iterdir()):
            return
        for setting, needed in _NEEDED.items():
            former = (read_record(_FORMER) or {}).get(str(setting))
            if former is not None and former < needed == int(setting.read_text()):
                setting.write_text(str(former))
        _FORMER.unlink(missing_ok=True)
        _USERS.rmdir()


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    _SHARED.mkdir(exist_ok=True)
    with (_SHARED / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
