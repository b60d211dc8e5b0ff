"""What belongs to this checkout: its state folder, its mark, its locks and its JSON records.

Everything that the sandbox makes on the machine carries the mark, a short digest of the state
folder's path, so that it is found again without any record and never mistaken for another's.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent
"""The checkout: the folder that holds the package `sandbox`."""

STATE = Path(os.environ.get("GPUWRIGHT_SANDBOX_DIR") or SOURCE / ".sandbox").resolve()
"""All state. `GPUWRIGHT_SANDBOX_DIR` names another folder: then it is another sandbox with its
own mark (tests use this to clean without touching anybody's hosts)."""

MARK = "gw" + hashlib.sha256(os.fsencode(STATE)).hexdigest()[:6]
"""Starts the name of every namespace, link, control group and firewall comment made here."""

HOSTS = STATE / "hosts"
ROOTS = STATE / "roots"
CACHE = STATE / "cache"
KEYS = STATE / "keys"
MIRROR = STATE / "mirror"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class SandboxError(Exception):
    """Something that the person at the keyboard can understand and fix."""


def check_name(name: str) -> str:
    """Give `name` back if it can be a host's name.

    Raises:
        SandboxError: if not; host names become part of other names, so the rule is narrow.

    """
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"{name!r} cannot be a sandbox host's name: use a small letter, then at most 30 small "
            "letters, digits or hyphens, for example `demo` or `train-1`."
        )
    return name


@contextlib.contextmanager
def lock(name: str, place: Path | None = None) -> Iterator[None]:
    """Hold the lock `name` of this checkout; the kernel frees it if the holder is killed.

    Args:
        name: Of the lock.
        place: The folder that it guards, where a sandbox may have another one's by a link: both
            then hold the same lock.
    """
    folder = (place.resolve().parent if place else STATE) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_record(path: Path, value: Any) -> None:
    """Write `value` as JSON so that a reader, or a run after a crash, sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    part.replace(path)


def read_record(path: Path) -> Any:
    """The JSON value in `path`, or `None` if there is no such file or it is damaged."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
