"""Debian's version order, which also sorts kernel releases as GRUB does.

deb-version(7): digits compare as numbers; other characters by ASCII, letters before signs, and
``~`` before everything, even before the end. An epoch or a revision that is not there counts as 0.
"""

from __future__ import annotations

import re

Part = tuple[tuple[tuple[int, ...], tuple[int, str]], ...]
Key = tuple[tuple[int, str], Part, Part]


def _weight(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 0x200000


def _number(digits: str) -> tuple[int, str]:
    """Sorts as the number does, however long it is."""
    digits = digits.lstrip("0")
    return len(digits), digits


def _key(text: str) -> Part:
    # The 0 that ends each run of signs stands between "~" and all else.
    return tuple(
        ((*(_weight(c) for c in signs), 0), _number(digits))
        for signs, digits in re.findall(r"([^0-9]*)([0-9]*)", text or "0")
    )


def version_key(version: str) -> Key:
    """A sort key for ``[epoch:]upstream[-revision]``; equal for versions that dpkg calls equal."""
    epoch, mark, rest = version.partition(":")
    if not (mark and epoch.isascii() and epoch.isdigit()):
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return _number(epoch), _key(upstream), _key(revision)
