"""How much one value of host data may be, whatever its key is. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stacks.model.plain import obeyed

MOST_LEVELS = 8
"""Lists and mappings within each other; host data need three."""
MOST_LINE = 4096
"""Characters of one line; Linux's paths are not longer (``PATH_MAX``, limits.h)."""
MOST_TEXT = 65536
"""Characters of a whole text: public keys of many people."""
MOST_VALUES = 10_000
MOST_NUMBER = 10**12
MOST_NAME_BYTES = 255
"""Bytes of a file's name (``NAME_MAX``, limits.h)."""


def fault(value: Any) -> str:
    """What is wrong with the size or the characters of a value, in words; empty: nothing."""
    left, count = [(value, 0)], 0
    while left:
        item, level = left.pop()
        count += 1
        if level > MOST_LEVELS:
            return f"has more than {MOST_LEVELS} lists or mappings within each other"
        if count > MOST_VALUES:
            return f"holds more than {MOST_VALUES:,} values"
        if isinstance(item, Mapping):
            left += [(part, level + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple | set | frozenset):
            left += [(part, level + 1) for part in item]
        elif isinstance(item, bytes):
            return "holds bytes, which are no text"
        elif said := _text(item) if isinstance(item, str) else _number(item):
            return said
    return ""


def _text(text: str) -> str:
    if len(text) > MOST_TEXT:
        return f"holds a text of {len(text):,} characters, {MOST_TEXT:,} at most"
    if any(len(line) > MOST_LINE for line in text.split("\n")):
        return f"holds a line of more than {MOST_LINE:,} characters"
    if obeyed(text):
        return f"holds a control character, which is no text: {text[:60]!a}"
    return ""


def _number(number: Any) -> str:
    if isinstance(number, int) and abs(number) > MOST_NUMBER:
        return f"holds a number that is beyond {MOST_NUMBER:,}"
    if isinstance(number, float) and not math.isfinite(number):
        return "holds a number that is none"
    return ""
