"""What DCGM's diagnostics say, without the rows of its table that are known to be wrong. Pure.

DCGM judges by a table of its own, and some of its rows let every card pass
(`stacks/catalog/thresholds.yaml`, ``dcgm_wrong``). What passed by such a row has not passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from facts.dcgm_model import Dcgm, DcgmResult
from stacks.catalog.thresholds import DcgmRow, thresholds
from tasks.acceptance.rules import Action, Fault, LeftOut
from tasks.acceptance.subject import Subject

CHECK = "dcgm"
_BY_SEVERITY: Mapping[int, Action] = {1: "none", 2: "isolate", 4: "isolate", 5: "set", 6: "reset"}
"""dcgm_errors.h: monitor, isolate, triage, config, reset."""


def judged(subject: Subject, told: Dcgm) -> Iterator[Fault | LeftOut]:
    """Its failures and warnings, each with its GPU, and what it did not do."""
    if not told.installed or not told.reached:
        yield LeftOut(CHECK, f"DCGM is not asked: {told.why}")
        return
    if told.why:
        yield Fault("GPU-DCGM-SILENT", "dcgm-silent", told.why)
        return
    skipped = set()
    for one in told.results:
        at = _name(subject, one)
        row = _wrong_row(subject, one)
        if one.status == "fail":
            yield _fault(one, at, "CRITICAL" if one.severity != 1 else "WARN")
        elif one.status == "warn":
            yield _fault(one, at, "WARN")
        elif one.status == "pass" and row is not None:
            yield LeftOut(CHECK, f"{at} {one.test}: passed by a limit that is wrong: {_why(row)}")
        elif one.status != "pass":
            skipped.add(f"{one.test} ({one.status})")
    if skipped:
        yield LeftOut(CHECK, f"DCGM left out: {', '.join(sorted(skipped))}")


def _fault(one: DcgmResult, at: str, level: str) -> Fault:
    return Fault(
        "GPU-DCGM",
        "dcgm-failed",
        f"{one.test}: {one.words or one.status}",
        at,
        level="CRITICAL" if level == "CRITICAL" else "WARN",
        action=_BY_SEVERITY.get(one.severity or 0),
    )


def _name(subject: Subject, one: DcgmResult) -> str:
    device = next((d for d in subject.devices if d.index == one.index), None)
    if device is not None and device.pci:
        return device.pci
    return "" if one.index is None else f"GPU {one.index}"


def _wrong_row(subject: Subject, one: DcgmResult) -> DcgmRow | None:
    own = next((d.device for d in subject.devices if d.index == one.index), None)
    device = (one.device or own or "").lower()
    rows = thresholds().dcgm_wrong
    return next((row for row in rows if row.pci == device and row.test == one.test), None)


def _why(row: DcgmRow) -> str:
    return f"{row.what} ({thresholds().sources[row.source].what})"
