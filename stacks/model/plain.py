"""Words of others as data: what a terminal would obey in them goes, the rest stays. Pure.

What a host, a mirror, a record or a colleague's file says is shown to a person. A terminal obeys
some characters in it (Unicode's Standard Annex 44, general categories): control characters begin
escape sequences, of which one writes the clipboard, and format characters turn the writing's
direction round (Annex 9). So a value is made plain once, when it was decoded, and each line once
more where it is printed.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import math
import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar, cast

from stacks.model.address import masked

T = TypeVar("T")

MOST_LEVELS = 50
"""Data nested deeper are nothing that we know: what lies below is dropped."""
MOST_IN_A_LINE = 2000
"""Characters of one line on the screen."""
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
_BREAK = re.compile(r"\s*\n\s*")


def obeyed(text: str) -> bool:
    """Whether a terminal may obey some of it; tab and the end of a line do not count."""
    return not text.isprintable() and any(map(_is_obeyed, text))


def plain(text: str) -> str:
    """The text with a question mark for each character that a terminal would obey.

    Tab and the end of a line stay.
    """
    if not obeyed(text):
        return text
    return "".join("?" if _is_obeyed(c) else c for c in text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text, plain, as one line that is not too long for a screen; a login in it is hidden."""
    text = masked(text)
    if len(text) <= MOST_IN_A_LINE and text.isprintable():
        return text
    line = _BREAK.sub(" / ", plain(text).strip("\n")).replace("\t", " ")
    left = len(line) - MOST_IN_A_LINE
    return line if left <= 0 else f"{line[:MOST_IN_A_LINE]}… ({left} characters more)"


def told(value: object, most: int = 200) -> str:
    """A value as Python writes it, for a message: on one line, and not too long for one."""
    try:
        text = plain(repr(value))
    except (ValueError, RecursionError):  # a number of thousands of digits, a list without an end
        return f"a {type(value).__name__} that nobody can read"
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} characters more)"


def quoted(name: str) -> str:
    """A name in quotes, for a message; as `told` writes it where it is strange."""
    strange = len(name) > 100 or not name.isprintable() or '"' in name
    return told(name) if strange else f'"{name}"'


def block(lines: Iterable[str]) -> str:
    """Lines below each other: none of them can pass for two."""
    return "\n".join(map(one_line, lines))


def decoded(text: str | bytes) -> Any:
    """What a JSON text says, with plain texts only.

    Raises:
        ValueError: It is no JSON, or nested deeper than anybody reads.
    """
    try:
        return plain_value(json.loads(text))
    except RecursionError:
        raise ValueError("too many brackets within brackets") from None


def plain_value(value: T) -> T:
    """The same value with all texts in it plain; the very same object where they are already.

    It goes through mappings, lists, tuples, sets and dataclasses. A number that is none (JSON's
    ``1e400``) becomes None, and so does what is nested deeper than `MOST_LEVELS`.
    """
    return _plain_value(value, 0)  # type: ignore[no-any-return]


def _plain_value(value: Any, level: int) -> Any:
    if isinstance(value, str):
        # An enumeration's members are no words of others.
        return plain(value) if type(value) is str and not value.isprintable() else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        if level >= MOST_LEVELS:
            return None
        pairs = {_plain_value(k, level + 1): _plain_value(v, level + 1) for k, v in value.items()}
        same = len(pairs) == len(value) and all(k in value and value[k] is pairs[k] for k in pairs)
        return value if same else pairs
    if isinstance(value, list | tuple | set | frozenset):
        if level >= MOST_LEVELS:
            return None
        items = [_plain_value(item, level + 1) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_dataclass(value, level)
    return value


def _plain_dataclass(value: Any, level: int) -> Any:
    changed = {}
    for name in _names(cast(Hashable, type(value))):
        old = getattr(value, name)
        new = _plain_value(old, level + 1)
        if new is not old:
            changed[name] = new
    if not changed:
        return value
    made = copy.copy(value)
    for name, new in changed.items():
        object.__setattr__(made, name, new)
    return made


@functools.cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cast(Any, kind)))


def _is_obeyed(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _OBEYED
