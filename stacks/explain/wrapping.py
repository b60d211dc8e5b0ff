"""Lines of a given width in which what a person copies stays whole. Pure.

A command that is broken into two lines runs as two commands when it is copied. So what stands
between backticks is one word, however long it is: a terminal continues it on its next row, and
copies it as one line.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"(?:`[^`]*`|\S)+")


def wrapped(text: str, width: int, lead: int = 0, hang: int = 0) -> list[str]:
    """The lines of ``text``, none wider than ``width`` columns but for a single wider word.

    Args:
        text: Words, and between backticks what a person copies.
        width: Columns.
        lead: Blanks before the first line.
        hang: Blanks before each later one.
    """
    lines, line = [], " " * lead
    empty = True
    for word in _WORD.findall(text):
        if not empty and len(line) + 1 + len(word) > width:
            lines.append(line)
            line, empty = " " * hang, True
        line += word if empty else f" {word}"
        empty = False
    return lines if empty else [*lines, line]
