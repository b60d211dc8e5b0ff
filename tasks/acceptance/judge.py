"""All checks of a level in their order, without those that are switched off. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from tasks import finding
from tasks.acceptance import device_checks, host_checks
from tasks.acceptance.rules import Action, Fault, LeftOut, Observation, observation
from tasks.acceptance.subject import Subject
from tasks.faults import codes
from tasks.finding import Level
from tasks.health.naming import Named

Check = Callable[[Subject], Iterator[Fault | LeftOut]]
QUICK: Mapping[str, Check] = {
    "readings": host_checks.readings,
    "count": host_checks.count,
    "model": host_checks.model,
    "ecc": device_checks.ecc,
    "remap": device_checks.remap,
    "pages": device_checks.pages,
    "xid": host_checks.xid,
    "throttle": device_checks.throttle,
    "power": device_checks.power,
    "persistence": device_checks.persistence,
    "fabric": device_checks.fabric,
    "pcie": device_checks.pcie,
    "nvlink": device_checks.nvlink,
    "cuda": host_checks.cuda,
    "kernel": host_checks.kernel,
    "container": host_checks.container,
}
DRIVER = "driver"
"""The doctor's findings, and what is not as planned."""
MEASURED = ("speed", "results", "together", "siblings", "dcgm")
"""Checks of the level standard."""
BURNT = ("burn-in",)
"""And of the level burn-in."""
NAMES = (DRIVER, *QUICK, *MEASURED, *BURNT)
"""What host data ``verify_skip`` may name."""
_OF_GPUS = {"count", "cuda", "kernel", "container"}
_OF_HOST = {"readings", "xid", *_OF_GPUS}
"""Checks that mean something where nvidia-smi lists no GPU; of the former, where one should be."""
_FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "GPU-PERSISTENCE": ("D17",),
    "GPU-FABRIC": ("D24", "D28"),
    "GPU-SILENT": ("D1", "D8", "D10", "D12", "D14", "D15", "D22", "D27", "NOT-LOADED", "SMI"),
}
"""Codes that only follow from what the doctor names."""
_BY_NEEDS: Mapping[str, Action] = {
    "nothing": "set",
    "reload": "restart program",
    "reboot": "reboot",
    "person": "isolate",
}


@dataclass(frozen=True)
class Verdict:
    """What verify says of one host."""

    level: Level
    observations: tuple[Observation, ...]
    left_out: tuple[LeftOut, ...]
    passed: tuple[str, ...]
    """Checks that ran to the end and found nothing."""
    proof: str
    """``kernel (…)`` or ``none (why)``."""


def judged(
    subject: Subject,
    skip: Collection[str] = (),
    measured: tuple[Fault | LeftOut, ...] | None = None,
    checks: Collection[str] = MEASURED,
) -> Verdict:
    """The verdict on one host.

    Args:
        subject: What was read of it.
        skip: Names of checks that are switched off, of `NAMES`.
        measured: What the level standard, or burn-in, found; None: only quick was asked for.
        checks: Names of the checks that found it.
    """
    found: list[Observation] = []
    left: list[LeftOut] = []
    if DRIVER not in skip:
        found += [of_doctor(named) for named in subject.named if named.code != "XID"]
    ran = {DRIVER} - {*skip}
    for name, check in QUICK.items():
        if name in skip:
            continue
        if not subject.devices and name not in _OF_HOST:
            left.append(LeftOut(name, "nvidia-smi lists no GPU"))
            continue
        if name in _OF_GPUS and not subject.devices and not subject.wanted:
            left.append(LeftOut(name, "no GPU is here, and none is expected"))
            continue
        ran.add(name)
        _sort((*check(subject), *device_checks.unread(subject, name)), found, left)
    if measured is not None:
        ran |= {*checks} - {*skip}
        _sort(measured, found, left, skip)
    left += [LeftOut(name, "switched off by verify_skip") for name in NAMES if name in skip]
    known = {o.code for o in found}
    kept = tuple(
        sorted(
            (o for o in found if not known & {*_FOLLOWS.get(o.code, ())}),
            key=lambda o: ("CRITICAL", "UNKNOWN", "WARN", "OK").index(o.level),
        )
    )
    not_passed = {o.check for o in found} | {item.check for item in left}
    passed = tuple(name for name in NAMES if name in ran and name not in not_passed)
    proof = host_checks.proven(subject).text
    return Verdict(finding.worst(kept), kept, tuple(left), passed, proof)


def _sort(
    said: tuple[Fault | LeftOut, ...],
    found: list[Observation],
    left: list[LeftOut],
    skip: Collection[str] = (),
) -> None:
    for item in said:
        if isinstance(item, LeftOut):
            left.append(item)
        elif (seen := observation(item)).check not in skip:
            found.append(seen)


def of_doctor(named: Named) -> Observation:
    """What the doctor names, with the one action that its remedy comes to."""
    row = codes.codes().get(named.code)
    remedy = f"{named.remedy}: {named.command}" if named.command else named.remedy
    return Observation(
        named.code,
        named.level,
        named.what,
        named.observed,
        remedy,
        named.interrupts,
        check=DRIVER,
        action=_BY_NEEDS.get(named.needs, "isolate"),
        source=row.source if row else "docs/codes.md",
    )
