"""What a person says about the acceptance of one host, checked before it is used. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.hostdata.reading import Data, Reader

Level = Literal["quick", "standard"]
LEVELS: tuple[Level, ...] = ("quick", "standard")
CHECKS = (
    "driver",
    "readings",
    "count",
    "model",
    "ecc",
    "remap",
    "pages",
    "xid",
    "throttle",
    "power",
    "persistence",
    "fabric",
    "pcie",
    "nvlink",
    "cuda",
    "kernel",
    "container",
    "speed",
    "results",
    "together",
    "siblings",
)
"""Checks that can be switched off; what each looks at: ``docs/verify.md``."""


@dataclass(frozen=True)
class AcceptanceSettings:
    """What `tasks.acceptance` is told of a host."""

    level: Level = "quick"
    skip: tuple[str, ...] = ()
    """Checks that are switched off, of `CHECKS`."""
    junit: Path | None = None
    """Where JUnit's XML is written, on this machine."""


def acceptance_settings(data: Data) -> AcceptanceSettings:
    """``level``, ``verify_skip`` and ``verify_junit``.

    Raises:
        ValueError: A value is not what it may be.
    """
    reader = Reader(data)
    skip = reader.matches(
        "verify_skip",
        re.compile("|".join(map(re.escape, CHECKS))),
        f"checks, of {', '.join(CHECKS)}",
    )
    return AcceptanceSettings(
        reader.choice("level", LEVELS, "quick"),
        skip,
        reader.file("verify_junit", "a file of this machine"),
    )
