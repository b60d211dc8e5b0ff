"""What the checks say: ``rules.yaml``, and how a fault becomes an observation by its row. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stacks.catalog.decode import load
from stacks.catalog.provenance import Group
from tasks.finding import Finding, Level

Action = Literal[
    "none", "set", "restart program", "reset", "reboot", "isolate", "replace", "repeat"
]
"""The one thing to do about a finding."""
INTERRUPTS: Mapping[Action, str] = {
    "none": "nothing",
    "set": "nothing",
    "restart program": "programs that use the GPU",
    "reset": "programs that use the GPU",
    "reboot": "the host",
    "isolate": "the host",
    "replace": "the host",
    "repeat": "nothing",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row; the fields are explained at the top of ``rules.yaml``."""

    check: str
    level: Literal["WARN", "CRITICAL", "UNKNOWN"]
    action: Action
    what: str
    remedy: str
    source: str
    limit: float | None = None
    disagree: str = ""


@dataclass(frozen=True, kw_only=True)
class Rules(Group):
    """``rules.yaml``."""

    rules: Mapping[str, Rule]


@dataclass(frozen=True)
class Fault:
    """What a check found."""

    code: str
    rule: str
    """Its row."""
    observed: str
    gpu: str = ""
    """PCI address; empty: the whole host."""
    limit: str = ""
    """In place of the row's number."""
    level: Literal["WARN", "CRITICAL", "UNKNOWN"] | None = None
    """In place of the row's."""
    action: Action | None = None
    remedy: str | None = None
    source: str | None = None
    disagree: str | None = None


@dataclass(frozen=True, kw_only=True)
class Observation(Finding):
    """One thing that is not as it should be, with the one action for it and its source."""

    check: str
    action: Action
    source: str
    gpu: str = ""
    limit: str = ""
    disagree: str = ""


@dataclass(frozen=True)
class LeftOut:
    """What was not checked, and why."""

    check: str
    why: str


@functools.cache
def rules() -> Mapping[str, Rule]:
    """All rows by name. Raises `SchemaError` with file and line."""
    path = Path(__file__).with_name("rules.yaml")
    return load(path, Rules, "tasks/acceptance/rules.yaml").rules


def limit(name: str) -> float:
    """The number that a rule goes by."""
    found = rules()[name].limit
    assert found is not None, name
    return found


def observation(fault: Fault) -> Observation:
    """The fault with what its row says."""
    row = rules()[fault.rule]
    action = fault.action or row.action
    level: Level = fault.level or row.level
    remedy = row.remedy if fault.remedy is None else fault.remedy
    return Observation(
        fault.code,
        level,
        row.what,
        fault.observed,
        remedy.replace("{gpu}", fault.gpu or "INDEX"),
        INTERRUPTS[action],
        check=row.check,
        action=action,
        source=fault.source or row.source,
        gpu=fault.gpu,
        limit=fault.limit or ("" if row.limit is None else f"{row.limit:g}"),
        disagree=row.disagree if fault.disagree is None else fault.disagree,
    )
