"""The decision tree: every rule in its order, without what only follows from another. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tasks import finding
from tasks.containers import findings as containers
from tasks.doctor import container_rules
from tasks.driver import state as driver_state
from tasks.faults.catalog import Breaks
from tasks.finding import Level
from tasks.health import rules
from tasks.health.case import Case, Fault
from tasks.health.naming import Named, hidden, named
from tasks.host.which_deploy import deploy_for
from tasks.verify import comparison as judge

CONTAINERS: tuple[rules.Rule, ...] = (
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
    of_containers = () if case.state.jetson is not None else CONTAINERS
    found = [fault for rule in (*rules.of_host(case), *of_containers) for fault in rule(case)]
    said = named(found, case, deploy_for(case.state, case.plan))
    if case.plan is not None:
        said += _against_plan(case, found, {n.code for n in said})
    said.sort(key=lambda n: ("CRITICAL", "UNKNOWN", "WARN", "OK").index(n.level))
    whole = tuple(said)
    return Diagnosis(finding.worst(whole), whole, _next_boot(case, whole), _container(case, whole))


def _against_plan(case: Case, found: list[Fault], known: set[str]) -> list[Named]:
    assert case.plan is not None
    more = []
    found_by_plan = (
        *judge.compare(case.state, case.plan, case.rollback, case.expected_gpus),
        *containers.of_packages(case.state, case.plan),
    )
    for f in found_by_plan:
        if f.code in _OWN or f.code in known or hidden(f.code, "WARN", found, case):
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
