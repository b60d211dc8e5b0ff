"""One thing that is not as it should be on a host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["OK", "WARN", "CRITICAL", "UNKNOWN"]
SEVERITY: dict[Level, int] = {"OK": 0, "WARN": 1, "CRITICAL": 2, "UNKNOWN": 3}
"""The plugin exit codes of nagios."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    code: str
    level: Level
    what: str
    observed: str
    remedy: str
    interrupts: str = "nothing"
    """What the remedy interrupts: ``nothing``, ``programs that use the GPU``, ``the host`` …"""


def worst(findings: tuple[Finding, ...]) -> Level:
    """The level of the whole: CRITICAL over UNKNOWN over WARN over OK."""
    order: tuple[Level, ...] = ("CRITICAL", "UNKNOWN", "WARN")
    levels = {f.level for f in findings}
    return next((level for level in order if level in levels), "OK")
