"""Files that were fetched once, by their SHA-256: a second bundle does not fetch them again.

A file gets in and out as a hard link, which takes no room. From a cache on another disk it is
copied out, and from another disk nothing is copied in. Nothing in it is believed: a file is read
and compared once it has left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from pathlib import Path

from tasks.transfer.part import full_told, sha256_of

VARIABLE = "GPUWRIGHT_CACHE"
"""Of the environment: another folder; ``off``: none."""
UNUSED_S = 30 * 24 * 3600
"""After which a file goes that no bundle has."""


def folder() -> Path | None:
    """The cache of this account, made if need be; None: there is to be none, or it cannot be ours.

    ``~/.cache/gpuwright/files``, or below ``XDG_CACHE_HOME`` (XDG Base Directory Specification).
    """
    said = os.environ.get(VARIABLE, "")
    if said == "off":
        return None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        place = Path(said) if said else base / "gpuwright" / "files"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        state, above = place.lstat(), place.parent.lstat()
    except (OSError, RuntimeError):
        return None
    ours = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid()
    closed = not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    # Whoever has the folder above may put another one in its place (`sudo` with a user's HOME).
    stays = above.st_uid in (0, os.geteuid())
    return place if ours and closed and stays and place.is_absolute() else None


def taken(cache: Path, sha256: str, target: Path) -> bool:
    """Whether the file was in the cache, and is now at its place.

    What is in the cache under this name and is another file is removed.

    Raises:
        DiskFullError: There is no room to copy it.
        OSError: The place cannot be written.
    """
    new = target.with_name(f"{target.name}.cached")
    new.unlink(missing_ok=True)
    try:
        if not _brought(cache / sha256, new):
            return False
        if _is_ours(new) and sha256_of(new) == sha256:
            new.replace(target)
            return True
        (cache / sha256).unlink(missing_ok=True)
        return False
    finally:
        new.unlink(missing_ok=True)


def keep(cache: Path, sha256: str, file: Path) -> None:
    """Keep a file that was compared, where that takes no room; forget what nobody uses any more."""
    with contextlib.suppress(OSError):
        os.link(file, cache / sha256, follow_symlinks=False)
    with contextlib.suppress(OSError):
        for entry in os.scandir(cache):
            state = entry.stat(follow_symlinks=False)
            # A link more or less changes st_ctime.
            old = time.time() - state.st_ctime > UNUSED_S
            if len(entry.name) == 64 and state.st_nlink == 1 and old:
                Path(entry.path).unlink(missing_ok=True)


def _brought(kept: Path, new: Path) -> bool:
    try:
        os.link(kept, new, follow_symlinks=False)
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
    if not _is_ours(kept):
        return False
    with full_told(new.parent):
        try:
            shutil.copyfile(kept, new, follow_symlinks=False)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    return True


def _is_ours(file: Path) -> bool:
    state = file.lstat()
    return stat.S_ISREG(state.st_mode) and state.st_uid == os.geteuid()
