"""What archives of a host's own sources answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facts.model.packages import Release
from facts.model.shown import Shown
from facts.parse import releases
from facts.parse.sections import split


@dataclass(frozen=True)
class ArchiveAnswer(Shown):
    """One archive's answer."""

    uri: str
    suite: str
    release: Release | None
    """What its Release file says; None: it could not be fetched."""
    why: str = ""
    """What apt's own program said then."""


def answers(output: Iterable[str], asked: Iterable[tuple[str, str]]) -> tuple[ArchiveAnswer, ...]:
    """The answers of the archives asked (address and suite), in their order.

    Raises `ProbeError` where the output is cut off.
    """
    text = split(output)
    if "asked" in text.unread:
        return ()
    found = []
    for at, (uri, suite) in enumerate(asked):
        lines = text[f"archive {at}"].part("release")
        pairs = (line.partition(":") for line in lines)
        fields = {key: value.strip() for key, mark, value in pairs if mark}
        why = text.unread.get(f"archive{at}", "" if fields else "an empty Release file")
        found.append(ArchiveAnswer(uri, suite, None if why else releases.release(fields), why))
    return tuple(found)
