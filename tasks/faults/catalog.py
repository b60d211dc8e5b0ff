"""The doctor's data: ``faults.yaml`` and ``xids.yaml``, read once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stacks.catalog.decode import load
from stacks.catalog.provenance import Confidence, Group

FOLDER = Path(__file__).parent
Breaks = Literal["boot", "container"]
Method = Literal[
    "wait",
    "command",
    "build",
    "converge",
    "plan",
    "clean",
    "nouveau",
    "release",
    "reload",
    "reboot",
    "hold",
]
"""A way to fix a fault; ``tasks.repair.means`` says how each is done."""
Stage = Literal[
    "packages", "disk", "kernels", "loading", "files", "running", "services", "containers"
]
"""When a fault is fixed; the order is that of the repair."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault by its code; the fields are explained at the top of ``faults.yaml``."""

    title: str
    symptoms: tuple[str, ...]
    probe: str
    cause: str
    remedy: str
    commands: Mapping[str, str]
    interrupts: str = "nothing"
    needs: Literal["nothing", "reload", "reboot", "person"] = "nothing"
    breaks: tuple[Breaks, ...] = ()
    hides: tuple[str, ...] = ()
    hides_running: tuple[str, ...] = ()
    repair: tuple[Method, ...] = ()
    stage: Stage = "running"
    by_hand: tuple[str, ...] = ()
    unnamed: str | None = None
    sources: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True)
class Faults:
    """``faults.yaml``: rows by code, in the order in which the doctor asks."""

    date: str
    faults: Mapping[str, Row]


@dataclass(frozen=True)
class XidAction:
    """What to do about some Xids."""

    do: str
    level: Literal["WARN", "CRITICAL"]
    xids: tuple[int, ...]
    action: Literal["none", "restart program", "reset", "reboot", "isolate"] = "none"
    """The same in one word, for an acceptance."""


@dataclass(frozen=True, kw_only=True)
class Xids(Group):
    """``xids.yaml``."""

    hours: int
    """Older ones are history."""
    actions: tuple[XidAction, ...]
    ignored: tuple[int, ...]
    hangs: tuple[int, ...]
    """Xids of a driver that hangs (D27)."""
    lost: tuple[int, ...]
    """Xids of a GPU that has fallen off the bus (D22)."""


@dataclass(frozen=True, kw_only=True)
class SmiExits(Group):
    """``smi.yaml``: exit status to its meaning."""

    exits: Mapping[str, str]


@functools.cache
def faults() -> Mapping[str, Row]:
    """All rows by code, in their order. Raises `SchemaError` with file and line."""
    return load(FOLDER / "faults.yaml", Faults, "tasks/faults/faults.yaml").faults


@functools.cache
def xids() -> Xids:
    """What to do about which Xid. Raises `SchemaError` with file and line."""
    return load(FOLDER / "xids.yaml", Xids, "tasks/faults/xids.yaml")


@functools.cache
def smi_exits() -> Mapping[str, str]:
    """What nvidia-smi's exit status says. Raises `SchemaError` with file and line."""
    return load(FOLDER / "smi.yaml", SmiExits, "tasks/faults/smi.yaml").exits
