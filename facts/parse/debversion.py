"""Debian's version order, which also sorts kernel releases as GRUB does.

deb-version(7): digits compare as numbers; other characters by ASCII, letters before signs, and
``~`` before everything, even before the end.
"""

from __future__ import annotations

import re

Key = tuple[int, tuple[tuple[tuple[int, ...], int], ...], tuple[tuple[tuple[int, ...], int], ...]]


def _weight(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 0x200000


def _key(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    # The 0 that ends each run of signs stands between "~" and all else.
    return tuple(
        ((*(_weight(c) for c in signs), 0), int(digits[:4000] or 0))
        for signs, digits in re.findall(r"([^0-9]*)([0-9]*)", text)
    )


def version_key(version: str) -> Key:
    """A sort key for ``[epoch:]upstream[-revision]``."""
    epoch, mark, rest = version.partition(":")
    if not (mark and epoch.isascii() and epoch.isdigit()):
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch[:4000]), _key(upstream), _key(revision)
