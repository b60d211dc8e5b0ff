"""How far a roll came, on disk: written atomically, read tolerantly, and held while it goes on."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gpuwright.roll.outcome import DONE, ENDS, INTERRUPTED, RUNNING, WAITING
from stacks.model.plain import decoded

VERSION = 1
"""Of the file. A reader keeps to what it knows; a file of a newer version is not touched."""
MOST_KEPT = 50
"""Rolls that have ended whose files are kept."""
_FILE, _LOCK = "roll.json", "lock"
_ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")


class StateError(RuntimeError):
    """A roll cannot be found, read or begun. ``str()`` is the whole message for a user."""


class HeldError(StateError):
    """Another roll is at work on these hosts."""


@dataclass
class Entry:
    """One host of a roll."""

    batch: int = 0
    address: str = ""
    state: str = WAITING
    why: str = ""
    drained: str = ""
    """``wanted``: we were about to drain it; ``ours``: we did; empty: it is not drained by us."""
    foreign: str = ""
    """Who else keeps it drained, and why, in the scheduler's words."""
    jobs: dict[str, str] = field(default_factory=dict)
    """Jobs that went on on the host when its run ended: systemd unit, and its title."""
    seconds: float = 0.0
    slowest: str = ""
    log: str = ""


@dataclass
class Roll:
    """One roll."""

    id: str
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    hosts: dict[str, Entry] = field(default_factory=dict)
    stopped: str = ""
    """Why it ended before its last batch; empty: it did not."""
    _held: int | None = None

    @property
    def lock(self) -> int | None:
        """The file that is locked while the roll goes on; runs of pyinfra inherit it."""
        return self._held

    @property
    def logs(self) -> Path:
        """The folder of its logs."""
        return self.folder / "logs"

    @property
    def is_over(self) -> bool:
        """Whether every host is done."""
        return bool(self.hosts) and all(entry.state == DONE for entry in self.hosts.values())

    def save(self) -> None:
        """Write it down; what is on disk is always a whole file."""
        said = {
            "version": VERSION,
            "id": self.id,
            "settings": self.settings,
            "stopped": self.stopped,
            "hosts": {name: asdict(entry) for name, entry in self.hosts.items()},
        }
        new = self.folder / f"{_FILE}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / _FILE)

    def hold(self) -> None:
        """Hold the roll until this process, and every run of pyinfra that it began, has ended.

        Raises:
            HeldError: It goes on already.
        """
        held = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise HeldError(f"roll {self.id} goes on already") from None
        self._held = held

    def release(self) -> None:
        """Let it go."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def default_folder() -> Path:
    """Where rolls are kept: one place for all checkouts and repositories of a user.

    Raises:
        StateError: The user has no home.
    """
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    try:
        return Path(base).expanduser() / "gpuwright/rolls"
    except RuntimeError:
        raise StateError("this user has no home folder: --state FOLDER") from None


@contextlib.contextmanager
def alone(rolls: Path) -> Iterator[None]:
    """Nobody else looks for rolls, or begins one, meanwhile. Raises `StateError`."""
    try:
        rolls.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = os.open(rolls / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"{rolls}: {error.strerror}; --state FOLDER names another one") from None
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def begin(rolls: Path, settings: Mapping[str, Any], hosts: Mapping[str, Entry]) -> Roll:
    """Begin a roll, and hold it.

    Raises:
        HeldError: Another one is at work on one of these hosts.
        StateError: The folder cannot be written.
    """
    with alone(rolls):
        free_of_others(rolls, hosts)
        _forget_old(rolls)
        base = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        for name in (base, *(f"{base}-{more}" for more in range(2, 100))):
            with contextlib.suppress(FileExistsError):
                (rolls / name).mkdir(mode=0o700)
                roll = Roll(name, rolls / name, dict(settings), dict(hosts))
                roll.hold()
                roll.save()
                return roll
    raise StateError(f"{rolls} has too many rolls of this second")


def free_of_others(rolls: Path, hosts: Mapping[str, Entry], but: str = "") -> None:
    """Make sure that no other roll is at work on these hosts. Raises `HeldError`."""
    ours = {entry.address: name for name, entry in hosts.items()}
    for other in found(rolls):
        if other.id == but or not _goes_on(other):
            continue
        both = sorted(ours[e.address] for e in other.hosts.values() if e.address in ours)
        if both:
            more = f" and {len(both) - 3} more" if len(both) > 3 else ""
            raise HeldError(
                f"roll {other.id} is at work on {', '.join(both[:3])}{more}: wait for its end, or "
                f"end it with Ctrl-C; its logs are in {other.logs}"
            )


def _goes_on(roll: Roll) -> bool:
    try:
        roll.hold()
    except HeldError:
        return True
    roll.release()
    return False


def resumed(rolls: Path, wanted: str = "") -> Roll:
    """Take up a roll again, and hold it; what was going on counts as interrupted.

    Args:
        rolls: Where rolls are kept.
        wanted: Its id; without one, the newest that is not over.

    Raises:
        HeldError: It goes on already, or another one is at work on its hosts.
        StateError: There is none, or its file cannot be read.
    """
    with alone(rolls):
        if wanted:
            if not _ID.fullmatch(wanted):
                raise StateError(f"{wanted!r} is no roll's id; they look like 20261130-154512")
            roll = read(rolls / wanted)
        else:
            left = [roll for roll in found(rolls) if not roll.is_over]
            if not left:
                raise StateError(f"there is no roll to go on with in {rolls}")
            roll = left[-1]
        roll.hold()
        try:
            free_of_others(rolls, roll.hosts, but=roll.id)
        except HeldError:
            roll.release()
            raise
    for entry in roll.hosts.values():
        if entry.state == RUNNING:
            entry.state, entry.why = INTERRUPTED, "the roll itself was killed"
    roll.stopped = ""
    return roll


def found(rolls: Path) -> list[Roll]:
    """All rolls whose files can be read, the oldest first."""
    rows = []
    for folder in sorted(rolls.iterdir() if rolls.is_dir() else ()):
        if _ID.fullmatch(folder.name):
            with contextlib.suppress(StateError):
                rows.append(read(folder))
    return rows


def read(folder: Path) -> Roll:
    """A roll's file; what it does not say has its default.

    Raises:
        StateError: There is none, it is no such file, or a newer gpuwright has written it.
    """
    file = folder / _FILE
    try:
        said = decoded(file.read_bytes())
    except FileNotFoundError:
        raise StateError(f"there is no roll {folder.name} in {folder.parent}") from None
    except (OSError, ValueError) as error:
        raise StateError(f"{file} cannot be read: {error}") from None
    if not isinstance(said, dict) or not isinstance(version := said.get("version"), int):
        raise StateError(f"{file} is no roll's file")
    if version > VERSION:
        raise StateError(f"{file} was written by a newer gpuwright, of version {version} of it")
    settings, hosts = said.get("settings"), said.get("hosts")
    return Roll(
        folder.name,
        folder,
        settings if isinstance(settings, dict) else {},
        {name: _entry(each) for name, each in hosts.items()} if isinstance(hosts, dict) else {},
        said["stopped"] if isinstance(said.get("stopped"), str) else "",
    )


def _entry(said: object) -> Entry:
    entry = Entry()
    for each in fields(Entry) if isinstance(said, dict) else ():
        value, default = said.get(each.name), getattr(entry, each.name)  # type: ignore[attr-defined]
        good = isinstance(value, (int, float) if isinstance(default, float) else type(default))
        if good and not isinstance(value, bool):
            setattr(entry, each.name, value)
    if entry.state not in (*ENDS, RUNNING):
        entry.state = WAITING
    return entry


def _forget_old(rolls: Path) -> None:
    for roll in found(rolls)[:-MOST_KEPT]:
        if not _goes_on(roll):
            shutil.rmtree(roll.folder, ignore_errors=True)
