"""``dcgmi diag -j`` → `facts.dcgm_model.Dcgm`.

Two forms are known, and both are read. Up to DCGM 3: ``DCGM GPU Diagnostic`` with ``gpu_id`` or
``gpu_ids`` in each result and warnings as text (NVIDIA/DCGM issue 139). From 4 on:
``DCGM Diagnostic`` with ``entity_group`` and ``entity_id``, warnings as objects, and ``Metadata``
(the schema of DCGM's own tests).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from facts.dcgm_model import Dcgm, DcgmResult
from facts.parse import jsontext

MOST_RESULTS = 2000
_HEADS = ("DCGM Diagnostic", "DCGM GPU Diagnostic")
_ID = re.compile(r"[0-9a-fA-F]{4}")


def dcgm(lines: list[str], code: int, ending: str) -> Dcgm:
    """All results; words before and behind the JSON are of the program and say why where it fails.

    Args:
        lines: What was printed.
        code: Exit status; it is not 0 where a test fails.
        ending: The same in words.
    """
    text = "\n".join(lines)
    start, end = text.find("{"), text.rfind("}")
    try:
        data = jsontext.loads(text[start : end + 1]) if start >= 0 else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        said = " ".join(text.split())[:300]
        reached = "connect" not in said.lower()
        return Dcgm(True, why=f"{ending}: {said or 'no output'}", reached=reached)
    heads = (data[name] for name in _HEADS if isinstance(data.get(name), dict))
    head: dict[str, Any] = next(heads, {})
    devices = _devices(data, head)
    results = tuple(_results(head, devices))[:MOST_RESULTS]
    why = None
    if not results:
        said = (
            head.get("runtime_error") or data.get("runtime_error") or "no result is in its answer"
        )
        why = f"{ending}: {str(said)[:300]}"
    return Dcgm(True, results, _version(data, head), why)


def _results(head: Mapping[str, Any], devices: Mapping[int, str]) -> Iterator[DcgmResult]:
    for category in _list(head.get("test_categories")):
        for test in _list(category.get("tests")):
            name = re.sub(r"[^a-z0-9]+", "_", str(test.get("name"))[:60].lower()).strip("_")
            for row in _list(test.get("results")):
                words, severity = _warnings(row.get("warnings"))
                status = str(row.get("status", "not told"))[:20].lower()
                for index in _indices(row):
                    yield DcgmResult(
                        name,
                        status,
                        index,
                        None if index is None else devices.get(index),
                        words,
                        severity,
                    )


def _indices(row: Mapping[str, Any]) -> list[int | None]:
    """The GPUs of a result."""
    if row.get("entity_group") is not None:
        gpu = str(row["entity_group"]).upper() == "GPU"
        found = re.findall(r"[0-9]{1,3}", str(row.get("entity_id"))[:10]) if gpu else []
    else:
        found = re.findall(r"[0-9]{1,3}", str(row.get("gpu_ids", row.get("gpu_id", "")))[:400])
    return [int(number) for number in found] or [None]


def _warnings(value: object) -> tuple[str, int | None]:
    words, severities = [], []
    for item in value[:20] if isinstance(value, list) else [value] if value else []:
        said = item.get("warning", item.get("error", "")) if isinstance(item, dict) else item
        words.append(" ".join(str(said).split())[:300])
        severity = item.get("error_severity") if isinstance(item, dict) else None
        if isinstance(severity, int) and not isinstance(severity, bool):
            severities.append(severity)
    return "; ".join(words)[:600], max(severities, default=None)


def _devices(data: Mapping[str, Any], head: Mapping[str, Any]) -> dict[int, str]:
    """PCI device ids by index: of each entity, or a list that has one for each GPU."""
    found: dict[int, str] = {}
    for group in _list(data.get("entity_groups")) + _list(head.get("entity_groups")):
        if str(group.get("entity_group")).upper() == "GPU":
            for entity in _list(group.get("entities")):
                number, name = entity.get("entity_id"), str(entity.get("device_id"))
                if isinstance(number, int) and _ID.fullmatch(name):
                    found[number] = name.lower()
    listed = head.get("gpu_device_ids", _metadata(data).get("GPU Device IDs Detected"))
    if not found and isinstance(listed, list):
        found = {n: str(i).lower() for n, i in enumerate(listed[:64]) if _ID.fullmatch(str(i))}
    return found


def _version(data: Mapping[str, Any], head: Mapping[str, Any]) -> str | None:
    said = head.get("version", _metadata(data).get("DCGM Version", data.get("version")))
    return str(said)[:40] if isinstance(said, str | int | float) else None


def _metadata(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("metadata", data.get("Metadata"))
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
