"""A fault with what is known of its code, and without what only follows from another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasks.faults.catalog import Breaks, Row, faults
from tasks.finding import Finding, Level
from tasks.health.case import Case, Fault


@dataclass(frozen=True)
class Named(Finding):
    """A finding with what its row in ``faults.yaml`` says of it."""

    cause: str = ""
    command: str = ""
    """To copy; empty where there is none."""
    needs: str = "nothing"
    """``nothing``, ``reload``, ``reboot`` or ``person``."""
    breaks: tuple[Breaks, ...] = ()
    kernels: tuple[str, ...] = ()
    key: str = ""
    """Which of the row's commands ``command`` is."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What is in the command's braces."""


def named(found: Iterable[Fault], case: Case, deploy: str) -> list[Named]:
    """What rules found, with what their rows say, and without what only follows from another.

    Args:
        found: What all rules found.
        case: The host.
        deploy: The deploy that brings it to its plan: ``deploys/gpu_host.py``.

    Raises:
        SchemaError: The rows cannot be read.
    """
    every = list(found)
    left = [f for f in every if not hidden(f.code, f.level, every, case)]
    return _once([_named(fault, case, deploy) for fault in left])


def hidden(code: str, level: Level, found: list[Fault], case: Case) -> bool:
    """Whether another fault explains this one: of another code, and no mere warning of a worse."""
    for other in found:
        if other.code == code or (other.level == "WARN" and level == "CRITICAL"):
            continue
        row = faults()[other.code]
        concerns = not other.kernels or case.kernel in other.kernels
        if code in row.hides or (concerns and code in row.hides_running):
            return True
    return False


def _once(named: list[Named]) -> list[Named]:
    """The first of each code: two rules may see one fault from two sides."""
    return list({n.code: n for n in reversed(named)}.values())[::-1]


def _named(fault: Fault, case: Case, deploy: str) -> Named:
    row = faults()[fault.code]
    key = _key(row, fault, case)
    values = {"deploy": deploy, **fault.values}
    return Named(
        fault.code,
        fault.level,
        fault.what,
        fault.observed,
        filled(row.remedy, values),
        _interrupted(row, case),
        fault.cause or row.cause,
        filled(row.commands.get(key, ""), values),
        row.needs,
        row.breaks if fault.breaks is None else fault.breaks,
        fault.kernels,
        key,
        values,
    )


def _key(row: Row, fault: Fault, case: Case) -> str:
    wanted = (fault.key, case.state.package_manager.kind, "any", "apt")
    return next((k for k in wanted if k and k in row.commands), "")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with these values in its braces."""
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def _interrupted(row: Row, case: Case) -> str:
    """With the names of those that use the GPU now, where they are what is interrupted."""
    if row.interrupts == "nothing" or row.interrupts.startswith("nothing"):
        return row.interrupts
    users = [
        f"{h.name} {h.pid}" + (f" in container {h.container}" if h.container else "")
        for h in case.evidence.holders
    ]
    return row.interrupts + (f": now {', '.join(users[:8])}" if users else "")
