"""What a person says about the acceptance of one host, checked before it is used. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.hostdata.reading import Data, Reader

Level = Literal["quick", "standard", "burn-in"]
LEVELS: tuple[Level, ...] = ("quick", "standard", "burn-in")
"""From the least to the most that is proven."""
GATES: tuple[Level, ...] = ("quick", "standard")
"""Those that other deploys may ask for: a burn-in takes hours."""
LIMITS: Mapping[Level, int] = {"quick": 60, "standard": 300, "burn-in": 60}
"""Seconds that a level may take; of a burn-in, what comes after it."""
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
    "dcgm",
    "burn-in",
)
"""Checks that can be switched off; what each looks at: ``docs/verify.md``."""
BURN_IN_S = 4 * 3600
GATE_AGE_S = 24 * 3600
_DAY_S = 24 * 3600


@dataclass(frozen=True)
class AcceptanceSettings:
    """What `tasks.acceptance` is told of a host."""

    level: Level = "quick"
    skip: tuple[str, ...] = ()
    """Checks that are switched off, of `CHECKS`."""
    junit: Path | None = None
    """Where JUnit's XML is written, on this machine."""
    limit: int = LIMITS["quick"]
    """Seconds; what they leave no time for is left out, and told."""
    burn_in: int = BURN_IN_S
    """Seconds of a burn-in."""
    on_fail: tuple[str, ...] = ()
    """Command of this machine for a host that fails; empty: none."""
    on_pass: tuple[str, ...] = ()
    """The same for one that passes again."""


@dataclass(frozen=True)
class GateSettings:
    """What the gate of other deploys is told of a host."""

    level: Level | None = None
    """What must have been passed; None: there is no gate."""
    age: int = GATE_AGE_S
    """How old that may be, in seconds."""


def acceptance_settings(data: Data) -> AcceptanceSettings:
    """``level``, ``burn_in``, ``on_fail``, ``on_pass`` and those that begin with ``verify_``.

    Raises:
        ValueError: A value is not what it may be.
    """
    reader = Reader(data)
    skip = reader.matches(
        "verify_skip",
        re.compile("|".join(map(re.escape, CHECKS))),
        f"checks, of {', '.join(CHECKS)}",
    )
    level: Level = reader.choice("level", LEVELS, LEVELS[0])
    command = "a command with its words, as in ['/srv/hooks/drain', 'gpu']"
    return AcceptanceSettings(
        level,
        skip,
        reader.file("verify_junit", "a file of this machine"),
        reader.count("verify_limit", LIMITS[level], least=20, most=3600),
        reader.duration("burn_in", BURN_IN_S, least=60, most=7 * _DAY_S),
        reader.words("on_fail", command),
        reader.words("on_pass", command),
    )


def gate_settings(data: Data) -> GateSettings:
    """``gate`` and ``gate_age``.

    Raises:
        ValueError: A value is not what it may be.
    """
    reader = Reader(data)
    level = reader.choice("gate", GATES, None)
    return GateSettings(level, reader.duration("gate_age", GATE_AGE_S, 60, 90 * _DAY_S))
