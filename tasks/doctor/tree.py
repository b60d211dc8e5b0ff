"""The decision tree: every rule in its order, without what only follows from another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks import finding
from tasks.containers import findings as containers
from tasks.doctor import (
    container_rules,
    device_rules,
    kernel_rules,
    load_rules,
    package_rules,
    version_rules,
)
from tasks.doctor.case import Case, Fault
from tasks.driver import state as driver_state
from tasks.faults.catalog import Breaks, Row, faults
from tasks.finding import Finding, Level
from tasks.host.which_deploy import deploy_for
from tasks.verify import comparison as judge

Rule = Callable[[Case], Iterator[Fault]]

_ALWAYS: tuple[Rule, ...] = (
    package_rules.busy,
    package_rules.jetson_packages,
    package_rules.broken,
    package_rules.two_keys,
    package_rules.full,
)
_JETSON: tuple[Rule, ...] = (*_ALWAYS, package_rules.jetson_torch)


def absent(case: Case) -> Iterator[Fault]:
    """DRIVER-INCOMPLETE: there is a GPU, or one is to come, and no driver at all."""
    if not case.has_driver and (case.state.gpus or case.expected_gpus):
        yield Fault(
            "DRIVER-INCOMPLETE",
            "CRITICAL",
            "no NVIDIA driver is installed",
            "no package, no module file, no library",
        )


_SERVER: tuple[Rule, ...] = (
    *_ALWAYS,
    device_rules.no_gpu,
    absent,
    kernel_rules.missing,
    load_rules.nouveau,
    load_rules.blocked,
    load_rules.secure_boot,
    load_rules.wrong_kernel,
    load_rules.flavour,
    version_rules.copies,
    version_rules.half,
    version_rules.outlived,
    load_rules.not_loaded,
    version_rules.library,
    version_rules.firmware,
    device_rules.no_firmware,
    device_rules.hangs,
    device_rules.lost,
    device_rules.wedged,
    device_rules.no_start,
    device_rules.smi_fails,
    device_rules.count,
    device_rules.xid,
    device_rules.persistence,
    device_rules.fabric,
    device_rules.uvm,
    device_rules.compatibility,
    package_rules.hidden,
    device_rules.call,
    container_rules.no_runtime,
    container_rules.loses_devices,
    container_rules.no_cgroups,
    container_rules.stale_spec,
    container_rules.replaced,
    container_rules.stopped,
)
_OWN = {"D1", "D8", "D11", "D14", "D15", "D23", "NEXT-BOOT", "REBOOT-NEEDED"}
"""Codes of the comparison with the plan that the rules above judge more closely."""


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


@dataclass(frozen=True)
class Ready:
    """Whether something will work."""

    ready: bool | None
    """None: it cannot be told, or is not asked for here."""
    why: str

    def __str__(self) -> str:
        word = {True: "yes", False: "no", None: "unknown"}[self.ready]
        return f"{word} ({self.why})"


@dataclass(frozen=True)
class Diagnosis:
    """The doctor's answer for one host."""

    level: Level
    findings: tuple[Named, ...]
    next_boot: Ready
    next_container: Ready


def diagnose(case: Case) -> Diagnosis:
    """Name what is wrong, and nothing that only follows from it.

    Raises:
        SchemaError: The doctor's own data cannot be read.
    """
    rules = _JETSON if case.state.jetson is not None else _SERVER
    found = [fault for rule in rules for fault in rule(case)]
    left = [f for f in found if not _hidden(f.code, f.level, found, case)]
    named = _once([_named(fault, case) for fault in left])
    if case.plan is not None:
        named += _against_plan(case, found, {n.code for n in named})
    named.sort(key=lambda n: ("CRITICAL", "UNKNOWN", "WARN", "OK").index(n.level))
    whole = tuple(named)
    return Diagnosis(finding.worst(whole), whole, _next_boot(case, whole), _container(case, whole))


def _hidden(code: str, level: Level, found: list[Fault], case: Case) -> bool:
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


def _named(fault: Fault, case: Case) -> Named:
    row = faults()[fault.code]
    key = _key(row, fault, case)
    values = {"deploy": deploy_for(case.state, case.plan), **fault.values}
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


def _against_plan(case: Case, found: list[Fault], known: set[str]) -> list[Named]:
    assert case.plan is not None
    more = []
    found_by_plan = (
        *judge.compare(case.state, case.plan, case.rollback, case.expected_gpus),
        *containers.of_packages(case.state, case.plan),
    )
    for f in found_by_plan:
        if f.code in _OWN or f.code in known or _hidden(f.code, "WARN", found, case):
            continue
        breaks: tuple[Breaks, ...] = ("boot",) if f.code == "DRIVER-INCOMPLETE" else ()
        plain: dict[str, Any] = {"cause": "", "command": "", "breaks": breaks}
        more.append(Named(f.code, f.level, f.what, f.observed, f.remedy, f.interrupts, **plain))
    return more


def _next_boot(case: Case, named: tuple[Named, ...]) -> Ready:
    if case.state.jetson is not None:
        bad = [n.code for n in named if "boot" in n.breaks]
        return Ready(not bad, ", ".join(bad) or "Jetson Linux brings its own driver")
    kernel = case.state.kernels.next_boot
    if kernel is None:
        return Ready(None, case.state.unread.get("kernels.next_boot", "no kernel that boots next"))
    if not case.has_driver:
        return Ready(False, "no driver is installed")
    bad = [
        f"{n.code}: {n.what}"
        for n in named
        if "boot" in n.breaks and (not n.kernels or kernel in n.kernels)
    ]
    if bad:
        return Ready(False, "; ".join(bad))
    modules, answer = case.modules(kernel), driver_state.next_boot(case.state)
    if not modules:
        return Ready(False, f"kernel {kernel} has no module")
    if not answer.served:
        return Ready(False, f"kernel {kernel}: {answer.why}")
    version = modules[0].version or "?"
    return Ready(True, f"kernel {kernel}, module {version}, libraries {case.user}")


def _container(case: Case, named: tuple[Named, ...]) -> Ready:
    if not container_rules.engine_here(case):
        return Ready(None, "no container engine or CDI spec is here")
    if case.state.jetson is None and not case.has_driver:
        return Ready(False, "no driver is installed")
    bad = [
        f"{n.code}: {n.what}"
        for n in named
        if "container" in n.breaks or (not case.container and case.kernel in n.kernels)
    ]
    if bad:
        return Ready(False, "; ".join(bad))
    return Ready(True, "nothing that was seen stands against it")
