"""Faults that tests switch on in the mirror, for one host or for all.

They lie in a file that the mirror reads at each request, so that switching needs no second
channel and outlives a restart of the mirror.
"""

import dataclasses
from dataclasses import dataclass

from sandbox.checkout import MIRROR, lock, read_record, write_record

_FILE = MIRROR / "faults.json"


@dataclass(frozen=True)
class Faults:
    """What goes wrong for a client of the mirror."""

    down: bool = False
    """Every connection is closed without an answer."""
    cut_after: int | None = None
    """A connection is cut after this many bytes of content, as a cable would be."""
    cut: tuple[str, ...] = ()
    """Only answers for paths that contain one of these words are cut; none: all are."""
    rate: float | None = None
    """Most bytes per second of one answer."""
    drop: tuple[str, ...] = ()
    """Paths that contain one of these words are answered with 404."""
    login: str = ""
    """``user:password`` that index, wheels and doubles are given for; everybody else gets 401."""


def set_faults(client: str, faults: Faults | None) -> None:
    """Switch on `faults` for the client with this address (`*`: all), or off with `None`."""
    if faults is None and not _FILE.exists():
        return
    with lock("faults"):
        record = read_record(_FILE) or {}
        record.pop(client, None)
        if faults:
            record[client] = dataclasses.asdict(faults)
        write_record(_FILE, record)


def faults_for(client: str) -> Faults:
    """The faults that hold for the client with this address now."""
    if not _FILE.exists():
        return Faults()
    record = read_record(_FILE) or {}
    found = record.get(client) or record.get("*") or {}
    words = {name: tuple(found.get(name, ())) for name in ("cut", "drop")}
    return Faults(**{**found, **words})
