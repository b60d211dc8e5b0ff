"""How a value that a fact answers is printed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any


class Shown:
    """A value that can be printed as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """The value as plain dictionaries, lists and scalars."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    def to_json(self) -> dict[str, Any]:
        """What ``pyinfra --json … fact`` prints."""
        return self.to_dict()
