"""How one value of host data is read, and what is said where it is wrong. Pure."""

from __future__ import annotations

from typing import Any, Protocol


class Data(Protocol):
    """Host data: pyinfra's, or a plain dictionary."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """The value of ``key``, or ``default``."""


def _count(data: Data, key: str, default: int) -> int:
    wish = data.get(key)
    if wish is None or wish == "":
        return default
    if isinstance(wish, bool) or not str(wish).isdigit():
        raise _wrong(key, wish, "a whole number, 0 or more")
    return int(str(wish))


def _wrong(key: str, value: object, expected: str) -> ValueError:
    return ValueError(f"«{key}» is {value!r}, expected {expected}.")
