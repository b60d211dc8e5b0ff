"""One file from the first of its sources that serves it whole, whatever happens to the line.

What came stays beside the file's place, also if this process is killed: the next run goes on with
it. A source is asked again while it brings the file forward, and a few times more; then the next
one goes on with what is there. The digest decides in the end, so no source has to be believed.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tasks.transfer import asking, cache, locking
from tasks.transfer.asking import AskingError, Source
from tasks.transfer.part import DiskFullError, Part, sha256_of
from tasks.transfer.receive import ChangedError, Patience, Receiver, SourceError, TryError

PATIENCE = Patience()


class TransferError(Exception):
    """A file did not come; the text says from where and why, and holds no password."""


def fetch(
    sources: Sequence[str],
    sha256: str,
    target: Path,
    say: Callable[[str], None],
    *,
    size: int | None = None,
    known: Iterable[str] = (),
    patience: Patience = PATIENCE,
) -> None:
    """Fetch a file, whose digest says whether it is the right one.

    Args:
        sources: Addresses, the first one first; a login in one is sent and never said.
        sha256: 64 hex digits.
        target: Where it goes. What is cut off waits beside it, in ``….part``.
        say: Tells a person a line: cuts, other tries, progress.
        size: Bytes, where that is known; a source with another size is not read at all.
        known: Addresses with a login for the same servers.
        patience: When a source is given up.

    Raises:
        TransferError: It did not come, or another file came; also if the disk is full.
        OSError: The folder cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = cache.folder()

    def tell(text: str) -> None:
        say(f"{target.name}: {text}")

    waiting = functools.partial(tell, "waiting for another run that fetches it")
    with contextlib.ExitStack() as locks:
        # In this order everywhere, so that no two runs wait for each other.
        if kept is not None:
            locks.enter_context(locking.alone(kept / f"{sha256}.lock", waiting))
        locks.enter_context(locking.alone(target.with_name(f"{target.name}.lock"), waiting))
        if target.is_file() and sha256_of(target) == sha256:
            return
        try:
            if kept is not None and cache.taken(kept, sha256, target):
                tell(f"taken from {kept}, where it is since an earlier fetch")
                return
            _from_any(sources, tuple(known), sha256, size, patience, Part(target), tell)
        except DiskFullError as error:
            raise TransferError(f"{target.name} cannot be stored: {error}") from None
        except SourceError as error:
            raise TransferError(f"{target.name} cannot be fetched from {error}") from None
        if kept is not None:
            cache.keep(kept, sha256, target)


def _from_any(
    sources: Sequence[str],
    known: tuple[str, ...],
    sha256: str,
    size: int | None,
    patience: Patience,
    part: Part,
    tell: Callable[[str], None],
) -> None:
    """Try one source after the other.

    Raises:
        SourceError: None of them serves it; the text says why, with each one's name.
    """
    whys: list[str] = []
    for url in sources:
        if whys:
            tell(f"{whys[-1]}; trying the next source")
        host = "an address that is none"
        try:
            source = Source.at(url, known)
            host = source.host
            with asking.client(patience.silence_s) as client:
                joined = part.size > 0
                _from(Receiver(client, source, part, size, patience, tell, joined), sha256)
                return
        except (SourceError, AskingError) as error:
            whys.append(f"{host}: {error}")
    if not part.size:
        part.clear()
    raise SourceError("; ".join(whys) or "nowhere: no source is named")


def _from(receiver: Receiver, sha256: str) -> None:
    """Ask one source until the file is whole and compared, or until it gets no further.

    Raises:
        SourceError: It does not.
        AskingError: It cannot be asked.
    """
    part, patience = receiver.part, receiver.patience
    furthest, failures, changes = part.size, 0, 0
    while True:
        try:
            receiver.receive()
            _compared(receiver, sha256)
            return
        except TryError as failed:
            changes += isinstance(failed, ChangedError)
            if changes > patience.changes:
                raise SourceError(f"{failed}, and not for the first time") from None
            if isinstance(failed, ChangedError) or part.size - furthest > receiver.further():
                furthest, failures = part.size, 0
            else:
                failures += 1
            if failures >= patience.tries:
                raise SourceError(str(failed)) from None
            wait = patience.pause_s * 2 ** (failures - 1) if failures else 0.0
            wait = max(wait, failed.wait_s or 0.0)
            host = receiver.source.host
            why = str(failed) if host in str(failed) else f"{host}: {failed}"
            does = "resuming" if part.size else "trying again"
            receiver.say(f"{why}, {does}" + (f" in {wait:.0f} s" if wait >= 1 else ""))
            time.sleep(wait)


def _compared(receiver: Receiver, sha256: str) -> None:
    """Give the file its name if it is the right one.

    Raises:
        ChangedError: It is joined from several answers, maybe of two files.
        SourceError: The source has another file.
    """
    found = sha256_of(receiver.part.file)
    if found == sha256:
        receiver.part.done()
        return
    joined = receiver.joined
    receiver.clear()
    why = f"what came has the SHA-256 {found}, and not {sha256}"
    if joined:
        raise ChangedError(why)
    raise SourceError(why)
