"""``result.json`` of a burn-in → `facts.burn_in_model.BurnIn`.

A host prints it, so it is read within bounds: a field that is missing or of another kind is left
out, and what is no number is none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from facts.burn_in_model import BurnIn, BurntDevice, Products, Span
from facts.parse import jsontext
from facts.parse.answers import bus_address

ENDINGS = ("done", "wrong", "failed", "stopped", "nothing")
MOST_DEVICES = 64
_ADDRESS = re.compile(r"[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]")


def burn_in(running: bool, text: str) -> BurnIn:
    """What the file says; ``running``: the unit is alive."""
    try:
        data = jsontext.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict) or _number(data, "version") != 1:
        return BurnIn(running)
    ended, devices = data.get("ended"), data.get("devices")
    return BurnIn(
        running,
        True,
        ended if ended in ENDINGS else None,
        _text(data, "why"),
        _number(data, "asked_s") or 0.0,
        _number(data, "ran_s") or 0.0,
        int(_number(data, "at") or 0),
        data.get("tiny") is not False,
        tuple(_devices(devices if isinstance(devices, list) else [])),
    )


def _devices(rows: list[Any]) -> Iterator[BurntDevice]:
    for row in rows[:MOST_DEVICES]:
        name = _text(row, "device") if isinstance(row, dict) else None
        if name is None:
            continue
        pci, products, reasons = row.get("pci"), row.get("products"), row.get("reasons")
        yield BurntDevice(
            name,
            bus_address(pci) if isinstance(pci, str) and _ADDRESS.fullmatch(pci) else None,
            _whole(row, "index"),
            _whole(row, "passes") or 0,
            _whole(row, "bytes") or 0,
            tuple(_products(products if isinstance(products, dict) else {})),
            _span(row.get("temperature")),
            _span(row.get("power")),
            _span(row.get("clock")),
            _whole(row, "samples") or 0,
            tuple(
                (str(reason)[:40], count)
                for reason in list(reasons if isinstance(reasons, dict) else {})[:20]
                if (count := _whole(reasons, reason)) is not None
            ),
            _wrong(row.get("wrong")),
            _text(row, "why"),
            row.get("done") is True,
        )


def _products(rows: Mapping[str, Any]) -> Iterator[Products]:
    for kind in list(rows)[:10]:
        row = rows[kind]
        if isinstance(row, dict) and (count := _whole(row, "count")) is not None:
            yield Products(str(kind)[:20], count, _number(row, "least"), _number(row, "rate"))


def _span(value: object) -> Span | None:
    if not isinstance(value, dict):
        return None
    found = [_number(value, key) for key in ("least", "most", "last")]
    least, most, last = found
    return None if least is None or most is None or last is None else Span(least, most, last)


def _wrong(value: object) -> str | None:
    """In words; whatever else stands there is a wrong result too."""
    if value is None:
        return None
    if not isinstance(value, dict):
        return "told in a way that cannot be read"
    if value.get("what") == "memory":
        return (
            f"memory with the pattern {_text(value, 'pattern')}: {_whole(value, 'words')} words "
            f"differ, the first at byte {_whole(value, 'at')}"
        )
    if value.get("what") == "product" and (differ := _whole(value, "values")):
        kind, after = _text(value, "type"), _whole(value, "after")
        return f"product in {kind}: {differ} values differ from those before, after {after}"
    off, allowed = _number(value, "off"), _number(value, "allowed")
    return f"product in {_text(value, 'type')}: off by {off}, allowed {allowed}"


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value[:300] if isinstance(value, str) and value else None


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return float(value) if math.isfinite(value) else None


def _whole(data: Mapping[str, Any], name: str) -> int | None:
    value = _number(data, name)
    return int(value) if value is not None and value >= 0 and value == int(value) else None
