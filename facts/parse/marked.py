"""JSON objects that a program prints among other words, each on a line after a mark of its own.

A host prints them, so they are read within bounds: so many lines, and each so long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from facts.parse import jsontext


def marked(
    lines: Iterable[str], mark: str, most_lines: int, most_chars: int
) -> Iterator[dict[str, Any]]:
    """Each object behind ``mark``; a line that holds anything else is passed over.

    Args:
        lines: All that the program printed.
        mark: What a line of its own begins with.
        most_lines: Marked lines that are looked at, readable or not; the others are not.
        most_chars: Of a line with its mark; a longer one does not count.
    """
    seen = 0
    for line in lines:
        if not line.startswith(mark) or len(line) > most_chars:
            continue
        seen += 1
        if seen > most_lines:
            return
        try:
            data = jsontext.loads(line[len(mark) :])
        except ValueError:
            continue
        if isinstance(data, dict):
            yield data
