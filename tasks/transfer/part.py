"""What came of a file so far: beside its later place, so that the next run goes on with it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tasks.transfer.answers import MOST_BYTES, Held, Take

_MOST_IN_A_NOTE = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskFullError(Exception):
    """There is no room for the rest of a file; the text says where and how much is needed."""


class Part:
    """The part of one file: ``NAME.part``, with whose it is in ``NAME.part.json``.

    One process at a time has it: `tasks.transfer.locking`.
    """

    def __init__(self, target: Path) -> None:
        self.file = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self._target = target

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.file.stat().st_size if self.file.exists() else 0

    def held(self, url: str) -> Held:
        """What is here, as it is told to the server of this address."""
        try:
            with self._note.open("rb") as opened:
                told = json.loads(opened.read(_MOST_IN_A_NOTE))
            total, etag = told["total"], str(told["etag"])
            known = total if type(total) is int and 0 <= total <= MOST_BYTES else None
            return Held(self.size, known, etag if told["source"] == _key(url) else "")
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return Held(self.size)

    @contextlib.contextmanager
    def going_on(self, url: str, take: Take) -> Iterator[IO[bytes]]:
        """The part, opened where the body that is about to come belongs; nothing is behind that.

        Raises:
            DiskFullError: The rest does not fit, as far as is known before, or it did not.
        """
        with full_told(self._target.parent):
            if take.total is not None:
                self._room(take.total - take.offset - max(self.size - take.offset, 0))
            new = self._note.with_name(f"{self._note.name}.new")
            new.unlink(missing_ok=True)
            new.write_text(
                json.dumps({"source": _key(url), "etag": take.etag, "total": take.total})
            )
            new.replace(self._note)
            mode = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self.file, mode, 0o644), "r+b", buffering=0) as file:
                file.truncate(take.offset)
                file.seek(take.offset)
                yield file

    @staticmethod
    def write(file: IO[bytes], block: bytes) -> None:
        """Write all of a block: a disk that becomes full takes some of it, and says so later."""
        rest = memoryview(block)
        while rest:
            rest = rest[file.write(rest) :]

    def clear(self) -> None:
        """Nothing of it is kept."""
        self.file.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def done(self) -> None:
        """It is the file."""
        self.file.replace(self._target)
        self._note.unlink(missing_ok=True)

    def _room(self, lacking: int) -> None:
        free = shutil.disk_usage(self._target.parent).free
        if lacking > free:
            raise DiskFullError(
                f"the disk of {self._target.parent} is too small: {-(-lacking // 10**6):,} MB more "
                f"are needed, and {free // 10**6:,} MB are free"
            )


@contextlib.contextmanager
def full_told(folder: Path) -> Iterator[None]:
    """Make a sentence of what the system says of a full disk.

    Raises:
        DiskFullError: It did say so.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFullError(f"the disk of {folder} is full; what came stays there") from None


def sha256_of(file: Path) -> str:
    """The digest of a file, 64 hex digits."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _key(url: str) -> str:
    """An address may hold a signature: it is not written down as it is."""
    return hashlib.sha256(url.encode()).hexdigest()
