"""JSON that a host printed, read within bounds."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 60
"""Objects and lists within each other. What copies or prints a value may fail from some 300 on."""


def loads(text: str | bytes) -> Any:
    """The value.

    Raises:
        ValueError: It is no JSON, or nested deeper than anything that is meant to be read.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("too many brackets within each other") from None
    level = [value]
    for _ in range(DEEPEST):
        inner = (
            v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)
        )
        level = [value for values in inner for value in values]
        if not level:
            return value
    raise ValueError("too many brackets within each other")
