"""What the tests of faults reached, as one table at the end of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.faults.catalog import Fault, faults
from tasks.faults import catalog

PROPERTY = "fault"
STEPS = ("named", "repaired", "second run", "after reboot")
"""Named alone; fixed, or stopped with the right reason; a second run of the repair changed
nothing; still healthy after one more reboot."""
_HEAD = ("code", "fault", "on", *STEPS)


def entry(fault: Fault, place: str, step: str) -> list[str]:
    """What a test writes down when it has come that far."""
    assert place in fault.where and step in STEPS, (fault.id, place, step)
    return [fault.id, place, step]


def lines(entries: Iterable[list[str]]) -> Iterator[str]:
    """The table: every fault that can be made, on each kind of host, reached or not."""
    reached = {tuple(each) for each in entries}
    rows: list[tuple[str, ...]] = [_HEAD]
    for fault in faults().values():
        for place in fault.where:
            steps = (_cell(fault, step, (fault.id, place, step) in reached) for step in STEPS)
            rows.append((fault.code, fault.id, place, *steps))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    made = {fault.code for fault in faults().values()}
    never = [code for code in catalog.faults() if code not in made]
    yield f"made on no host (docs/faults.md says how they are tested): {', '.join(never)}"


def _cell(fault: Fault, step: str, reached: bool) -> str:
    if fault.stops is not None and step == "after reboot":
        return "–"  # A person has to fix it.
    if not reached:
        return "not reached"
    return "stops" if step == "repaired" and fault.stops is not None else "yes"
