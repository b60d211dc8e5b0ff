"""How a value of host data is read, and what is said where it is wrong. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from stacks.model.address import masked
from stacks.model.plain import told
from tasks.hostdata import limits

Chosen = TypeVar("Chosen", bound=str)
Default = TypeVar("Default", bound="str | None")
Number = TypeVar("Number", bound="int | None")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST = 1_000_000
"""Of a number without a limit of its own; of seconds, eleven days."""


class Data(Protocol):
    """Host data: pyinfra's, or a plain dictionary."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """The value of ``key``, or ``default``."""


@dataclass(frozen=True)
class Reader:
    """Host data by type. Every method raises `ValueError` with key, value and what was expected.

    ``None``, an empty text and an empty collection say nothing: the default counts.
    """

    data: Data
    prefix: str = ""
    """What stands before a key in messages, for a part of the data: ``workspaces[0].``"""

    def given(self, key: str, default: Any = None) -> Any:
        """The value as it is, even an empty one, once it is within `limits`."""
        value = self.data.get(key, default)
        if fault := limits.fault(value):
            raise ValueError(f'"{self.prefix}{key}" {fault}.')
        return value

    def said(self, key: str) -> Any:
        """The value as it is; ``None`` where nothing is said."""
        value = self.given(key)
        empty = isinstance(value, str | Mapping | list | tuple) and not value
        return None if empty else value

    def text(self, key: str, expected: str = "a line of text") -> str:
        """One line of text; empty where nothing is said."""
        value = self.said(key)
        if value is None:
            return ""
        if not isinstance(value, str) or "\n" in value:
            raise self.wrong(key, value, expected)
        return value

    def match(
        self,
        key: str,
        pattern: re.Pattern[str],
        expected: str,
        default: str = "",
        numbers: bool = False,
        secret: bool = False,
    ) -> str:
        """Text that fits a pattern as a whole; a number serves as its text with ``numbers``.

        The value is not in the message with ``secret``.
        """
        value = self.said(key)
        if value is None:
            return default
        number = numbers and isinstance(value, int | float) and not isinstance(value, bool)
        text = str(value) if number else value
        if not isinstance(text, str) or not pattern.fullmatch(text):
            raise self.secretly_wrong(key, expected) if secret else self.wrong(key, value, expected)
        return text

    def path(self, key: str, expected: str) -> str:
        """An absolute path; empty where nothing is said."""
        text = self.text(key, expected)
        if text and (not text.startswith("/") or text != text.strip()):
            raise self.wrong(key, text, expected)
        return text

    def file(self, key: str, expected: str) -> Path | None:
        """A path of this machine, with its ``~`` replaced; None where nothing is said."""
        text = self.text(key, expected)
        if not text:
            return None
        if any(len(part.encode()) > limits.MOST_NAME_BYTES for part in Path(text).parts):
            raise self.wrong(key, text, expected)
        try:
            return Path(text).expanduser()
        except RuntimeError:  # whose home that is, this machine does not know
            raise self.wrong(key, text, expected) from None

    def count(self, key: str, default: Number, least: int = 0, most: int = MOST) -> int | Number:
        """A whole number, as a number or as its digits."""
        value = self.said(key)
        if value is None:
            return default
        digits = not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,15}", str(value))
        number = int(str(value)) if digits else -1
        if not least <= number <= most:
            raise self.wrong(key, value, f"a whole number from {least} to {most}")
        return number

    def duration(self, key: str, default: int, least: int, most: int) -> int:
        """Seconds, of a number with its unit: ``90s``, ``30m``, ``8h``, ``2d``."""
        value = self.said(key)
        if value is None:
            return default
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,2})?) ?([smhd])", str(value))
        seconds = round(float(found[1]) * _SECONDS[found[2]]) if found else -1
        if not least <= seconds <= most:
            span = f"from {in_units(least)} to {in_units(most)}"
            raise self.wrong(
                key, value, f"a number with its unit, as in 90s, 30m, 8h or 2d, {span}"
            )
        return seconds

    def words(self, key: str, expected: str) -> tuple[str, ...]:
        """A command: a list of words, or one text that is split as a shell would. None reads it.

        Empty where nothing is said.
        """
        value = self.said(key)
        try:
            words = shlex.split(value) if isinstance(value, str) else value or ()
        except ValueError:  # a quote that does not end
            raise self.wrong(key, value, expected) from None
        if not isinstance(words, list | tuple) or not all(isinstance(w, str) for w in words):
            raise self.wrong(key, value, expected)
        if words and not words[0].strip():
            raise self.wrong(key, value, expected)
        return tuple(words)

    def share(self, key: str, default: float) -> float:
        """A part of the whole, from 0 to 1."""
        value = self.said(key)
        if value is None:
            return default
        try:
            share = -1.0 if isinstance(value, bool) else float(str(value))
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise self.wrong(key, value, "a number from 0 to 1")
        return share

    def flag(self, key: str) -> bool:
        """Yes or no; no where nothing is said."""
        value = self.said(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.wrong(key, value, "True or False")
        return value

    def choice(self, key: str, choices: Sequence[Chosen], default: Default) -> Chosen | Default:
        """One of these words, or the default."""
        value = self.said(key)
        if value is None:
            return default
        for known in choices:
            if value == known:
                return known
        among = choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
        raise self.wrong(key, value, among)

    def matches(self, key: str, pattern: re.Pattern[str], expected: str) -> tuple[str, ...]:
        """Different texts that fit a pattern: a list, or one text with commas or blanks between."""
        value = self.said(key)
        if isinstance(value, str):
            value = [item for item in re.split(r"[,\s]+", value) if item]
        if not isinstance(value, list | tuple | type(None)):
            raise self.wrong(key, value, expected)
        for item in value or ():
            if not isinstance(item, str) or not pattern.fullmatch(item):
                raise self.wrong(key, item, expected)
        return tuple(dict.fromkeys(value or ()))

    def lines(self, key: str, pattern: re.Pattern[str], expected: str) -> tuple[str, ...]:
        """Lines that fit a pattern: a list, or one line. They may hold a password: none is told."""
        value = self.said(key)
        lines = [value] if isinstance(value, str) else value or ()
        if not isinstance(lines, list | tuple) or not all(
            isinstance(line, str) and pattern.fullmatch(line) for line in lines
        ):
            raise self.secretly_wrong(key, expected)
        return tuple(lines)

    def mapping(self, key: str, kinds: Sequence[str], expected: str) -> dict[str, Any]:
        """Values by kind, each of ``kinds``; the values are as they are."""
        value = self.said(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.wrong(key, value, expected)
        for kind in value:
            if kind not in kinds:
                known = f"one of the kinds {', '.join(kinds)}"
                if not isinstance(kind, str) or not kind.isidentifier():
                    raise self.wrong(key, kind, known)
                raise self.wrong(f"{key}.{kind}", value[kind], known)
        return dict(value)

    def wrong(self, key: str, value: object, expected: str) -> ValueError:
        """What to raise: ``"rollback" is 'x', expected …``; a password in an address is hidden."""
        hidden = masked(told(value))
        return ValueError(f'"{self.prefix}{key}" is {hidden}, expected {expected}.')

    def secretly_wrong(self, key: str, expected: str) -> ValueError:
        """What to raise where the value may hold a password anywhere."""
        return ValueError(
            f'"{self.prefix}{key}" has a value that is not shown, for it may hold a password; '
            f"expected {expected}."
        )


def in_units(seconds: int) -> str:
    """``90s``, ``30m``, ``8h``, ``2d``: what `Reader.duration` reads, in its largest whole unit."""
    unit = next(u for u in ("d", "h", "m", "s") if seconds % _SECONDS[u] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
