"""Host data as a command of ours is given them: a YAML file, and ``NAME=VALUE`` words. Pure."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from stacks.model.plain import plain

USAGE = 64
"""Exit status for arguments that cannot be used (EX_USAGE of sysexits.h)."""
MOST_BYTES = 2**20
"""Of a file with values."""


class Parser(argparse.ArgumentParser):
    """Ends with `USAGE` where arguments cannot be used, and says them without control bytes."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{plain(message)}\n")


def said(values: Path | None, words: Sequence[str]) -> dict[str, Any]:
    """Host data of both; a word counts before the file.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is too long or no mapping, or a word is not ``NAME=VALUE``.
        yaml.YAMLError: It is no YAML.
    """
    found: dict[str, Any] = {}
    if values is not None:
        with values.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise ValueError(f"{values} has more than {MOST_BYTES:,} bytes")
        read = yaml.safe_load(body)
        if not isinstance(read, dict):
            raise ValueError(f"{values} holds no mapping of host data")
        found |= read
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError(f"--data {word[:40]!a}: NAME=VALUE")
        found[name] = value
    return found
