"""All that a person reads on the screen: plain lines, a table, and what pyinfra logs.

Text of hosts is made plain when it comes in (`tasks.steps.step`); here it is made plain once more,
so that a line which came another way, pyinfra's own included, cannot do more either. Nothing that
is printed is read as markup.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence

import click
from pyinfra import logger
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stacks.model.plain import block, one_line, plain

_WIDTH = 120
_COLOURS = {"OK": "green", "WARN": "yellow", "CRITICAL": "red", "REFUSED": "red", "FAILED": "red"}
_STYLE = re.compile(r"(\x1b\[(?:0|1|3[0-7]|9[0-7])m)")
"""What click.style writes for pyinfra: bold, a colour, and the end of both."""


def say(lines: Iterable[str], err: bool = True) -> None:
    """Print these lines, to the standard error output or else to the standard one.

    None is broken where the screen ends: a terminal does that itself, and copies a command whole.
    """
    click.echo(block(lines), err=err)


def verdicts(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose last column is a verdict; a cell may have several lines."""
    table = Table(title=Text(title), title_justify="left")
    for name in columns:
        table.add_column(Text(plain(name)), overflow="fold")
    for *cells, verdict in rows:
        colour = _COLOURS.get(verdict, "white")
        shown = (Text(block(cell.split("\n"))) for cell in cells)
        table.add_row(*shown, Text(one_line(verdict), style=colour))
    console = _console()
    console.print()
    console.print(table)


def _console() -> Console:
    return Console(stderr=True, width=_WIDTH, highlight=False, soft_wrap=False)


class PlainMessages(logging.Filter):
    """Makes each message plain; only the styles that pyinfra itself gives it stay.

    A line after the first stands below it, and so cannot pass for a message of its own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the message; none is held back."""
        if isinstance(record.msg, str):
            lines = record.getMessage().replace("\r\n", "\n").split("\n")
            told = ("".join(map(_unstyled, _STYLE.split(line))) for line in lines)
            record.msg, record.args = "\n        ".join(told), ()
        return True


def _unstyled(part: str) -> str:
    return part if _STYLE.fullmatch(part) else one_line(part)


logger.addFilter(PlainMessages())
