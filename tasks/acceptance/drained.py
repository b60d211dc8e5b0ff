"""What this machine knows of hosts that it has had drained: it outlives runs, and hosts too.

It is kept here and not on the hosts: one that is lost, or whose disk is full, could say nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.transfer.locking import alone

VARIABLE = "GPUWRIGHT_STATE"
"""Of the environment: another folder, for machines that are made anew for each run."""
MOST_NAME = 180
"""Characters of a file's name; a longer host's name becomes its digest."""


@dataclass(frozen=True)
class Known:
    """One host, as the last hook left it."""

    failed: bool = False
    """It was CRITICAL when it was last OK, WARN or CRITICAL."""
    drained: bool = False
    """``on_fail`` was run for it, went well, and ``on_pass`` was not since."""


class Place:
    """Where one host's knowledge lies.

    Raises:
        OSError: The folder cannot be made, or is not of this account alone.
    """

    def __init__(self, host: str) -> None:
        name = urllib.parse.quote(host, safe="").replace(".", "%2E")
        if len(name) > MOST_NAME:
            name = hashlib.sha256(host.encode()).hexdigest()
        self.file = folder() / f"{name}.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Only one run at a time decides about this host. Raises `OSError`."""
        with alone(self.file.with_suffix(".lock"), lambda: None):
            yield

    def read(self) -> Known:
        """What is known; nothing where there is no file, or none that can be read."""
        try:
            said = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return Known()
        said = said if isinstance(said, dict) else {}
        return Known(said.get("failed") is True, said.get("drained") is True)

    def write(self, known: Known) -> None:
        """Keep it, whole. Raises `OSError`."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(known.__dict__, sort_keys=True) + "\n", encoding="utf-8")
        new.replace(self.file)


def folder() -> Path:
    """``~/.local/state/gpuwright/hooks``, or below ``XDG_STATE_HOME``; made if need be.

    Source: XDG Base Directory Specification. Raises `OSError`.
    """
    try:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    except RuntimeError as error:  # nobody knows whose home it is
        raise OSError(str(error)) from error
    said = os.environ.get(VARIABLE)
    place = (Path(said).expanduser() if said else base / "gpuwright") / "hooks"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = place.lstat()
    if state.st_uid != os.geteuid() or state.st_mode & 0o022:
        raise PermissionError(f"{place} belongs to others, or others may write in it")
    return place
