"""Lines of ``gpuwright-measure`` → `facts.measurements_model.Measurements`.

A host prints them, so they are read within bounds: so many lines, so long, and finite numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from facts.measurements_model import Measure, Measurements
from facts.parse.answers import bus_address
from facts.parse.marked import marked

MARK = "##gpuwright-measure "
MOST_LINES = 3000
"""Sixteen GPUs print some 400."""
MOST_CHARS = 4000
_NUMBERS = ("value", "off", "allowed", "spread", "sm_clock_mhz", "power_w", "temperature_c")
_WHOLE = ("index", "gpus")
_SWITCHES = ("right", "steady", "nvls", "straight")
_TEXTS = ("backend", "unsupported", "why")


def measurements(lines: Iterable[str], ending: str = "") -> Measurements:
    """All values; ``ending``: how the program ended, where that was not well."""
    found: list[Measure] = []
    torch, gpus, tiny, why = None, 0, False, ending or None
    for data in marked(lines, MARK, MOST_LINES, MOST_CHARS):
        metric = data.get("metric")
        if isinstance(metric, str):
            found.append(_measure(metric[:40], data))
        elif isinstance(data.get("torch"), str):
            torch, tiny = data["torch"][:40], data.get("tiny") is not False
            gpus = _whole(data, "gpus") or 0
        elif isinstance(data.get("why"), str):
            why = data["why"][:300]
    return Measurements(tuple(found), torch, gpus, tiny, why)


def _measure(metric: str, data: Mapping[str, Any]) -> Measure:
    said: dict[str, Any] = {name: _number(data, name) for name in _NUMBERS}
    said |= {name: _whole(data, name) for name in _WHOLE}
    for name in _SWITCHES:
        value = data.get(name)
        said[name] = value if isinstance(value, bool) else None
    for name in _TEXTS:
        value = data.get(name)
        said[name] = value[:300] if isinstance(value, str) and value else None
    reasons = data.get("reasons")
    said["reasons"] = tuple(str(r)[:40] for r in reasons[:10]) if isinstance(reasons, list) else ()
    gpu = data.get("gpu")
    said["gpu"] = bus_address(gpu[:40]) if isinstance(gpu, str) else None
    return Measure(metric, how="together" if data.get("how") == "together" else "alone", **said)


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # What is no number is a result that is off without end.
    if name == "off" and not math.isfinite(value):
        return 1e9
    return float(value) if math.isfinite(value) and 0 <= value < 1e9 else None


def _whole(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1024
    return value if known else None
