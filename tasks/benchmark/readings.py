"""What one run of one side printed → values. Pure.

A host prints the lines, so they are read within bounds: so many, so long, and finite numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.parse.marked import marked
from stacks.model.plain import plain_value
from tasks.benchmark.metrics import BY_NAME

MARK = "##gpuwright-benchmark "
MOST_LINES = 200
MOST_CHARS = 200_000
"""Of a line: that with all that may differ has some 12,000."""
MOST_NAMES = 1500
MOST_VALUE = 1e9


@dataclass(frozen=True)
class Reading:
    """One run of one side."""

    values: Mapping[str, float] = field(default_factory=dict)
    """Metric to value."""
    losses: Mapping[str, float] = field(default_factory=dict)
    """Metric to the number that both sides must come to."""
    wrong: tuple[str, ...] = ()
    """Metrics whose results were checked and were not right."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Metric to why it has no value here."""
    faults: tuple[str, ...] = ()
    """What went wrong, in words."""
    same: Mapping[str, str] = field(default_factory=dict)
    """What may differ between sides: name to value; only of the run that was asked for it."""
    tiny: bool = True
    """At sizes for a CPU: the values say nothing of GPUs."""
    load: float | None = None
    """The host's load average before the run."""


def reading(lines: Iterable[str]) -> Reading:
    """All that is in these lines; what is no line of ours is passed over."""
    values: dict[str, float] = {}
    losses: dict[str, float] = {}
    left_out: dict[str, str] = {}
    wrong: list[str] = []
    faults: list[str] = []
    same: dict[str, str] = {}
    tiny, load = True, None
    for data in map(plain_value, marked(lines, MARK, MOST_LINES, MOST_CHARS)):
        name = data.get("metric")
        why = data.get("why")
        if isinstance(data.get("same"), Mapping):
            same = _names(data["same"])
        elif isinstance(data.get("tiny"), bool):
            tiny, load = data["tiny"], _number(data.get("load"))
        elif isinstance(why, str):
            what = name if isinstance(name, str) else data.get("part")
            faults.append(f"{str(what)[:40]}: {why[:300]}")
        elif not isinstance(name, str) or name not in BY_NAME:
            continue
        elif isinstance(data.get("left_out"), str):
            left_out[name] = data["left_out"][:300]
        elif (value := _number(data.get("value"))) is None:
            faults.append(f"{name}: its value is no number")
        else:
            values[name] = value
            if (loss := _number(data.get("loss"))) is not None:
                losses[name] = loss
            if data.get("right") is not True:
                wrong.append(name)
    return Reading(values, losses, tuple(wrong), left_out, tuple(faults), same, tiny, load)


def _names(told: Mapping[str, Any]) -> dict[str, str]:
    pairs = [(n, v) for n, v in told.items() if isinstance(v, str)][:MOST_NAMES]
    return {name[:80]: value[:300] for name, value in pairs}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < MOST_VALUE else None
