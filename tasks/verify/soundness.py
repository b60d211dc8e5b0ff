"""The doctor's rules at the end of a run: a host is as planned, and is it well? Pure.

What the comparison with the plan and the proof judge themselves stays theirs: they know that a run
may leave a driver that waits for a reboot. All else that the doctor would name, the verdict names.
"""

from __future__ import annotations

from collections.abc import Sequence

from facts.model.host import HostState
from tasks.finding import Finding
from tasks.health import rules
from tasks.health.case import Case
from tasks.health.naming import Named, hidden, named

JUDGED_ALREADY = frozenset(
    {"D1", "D8", "D11", "D14", "D15", "D23", "NEXT-BOOT", "REBOOT-NEEDED"}  # the comparison
    | {"NOT-LOADED", "CUDA-FAILS", "NO-GPU", "DRIVER-INCOMPLETE"}  # the proof and the comparison
    | {"BUSY"}  # the run held the package manager itself
)
"""Codes of rules that stay unsaid here."""
_EXPLAINED = {"TORCH-IMPORT": "USER-TORCH", "TORCH-LINK": "USER-TORCH", "REBOOT-NEEDED": "D7"}
"""A finding to one that only follows from it: what root cannot import, nobody can; a host that is
to boot another kernel needs no modules for this one."""


def kernels_to_look_into(state: HostState) -> tuple[str, ...]:
    """Kernels that the second look is asked about: the running and the next one."""
    kernels = dict.fromkeys((state.kernels.running, state.kernels.next_boot))
    return tuple(kernel for kernel in kernels if kernel)


def with_rules(case: Case, found: Sequence[Finding], deploy: str) -> list[Finding]:
    """What was found, and what the doctor's rules name beyond it.

    Args:
        case: The host.
        found: What the comparison, the proof and their like found.
        deploy: The deploy of this run: ``deploys/gpu_host.py``.
    """
    every = [fault for rule in rules.of_host(case) for fault in rule(case)]
    known = {f.code for f in found}
    silent = JUDGED_ALREADY | known | {_EXPLAINED[code] for code in known & set(_EXPLAINED)}
    said = [
        fault
        for fault in named(every, case, deploy)
        if fault.code not in silent and not ("REBOOT-NEEDED" in known and _is_of_now(fault, case))
    ]
    faults = [fault for fault in every if fault.code in {s.code for s in said}]
    kept = [f for f in found if not hidden(f.code, "WARN", faults, case)]
    return [*kept, *map(_in_a_line, said)]


def _is_of_now(fault: Named, case: Case) -> bool:
    """Whether it concerns the running kernel alone, and another one boots next."""
    running, following = case.state.kernels.running, case.state.kernels.next_boot
    return running != following and set(fault.kernels) == {running}


def _in_a_line(fault: Named) -> Finding:
    remedy = f"{fault.remedy}: {fault.command}" if fault.command else fault.remedy
    return Finding(fault.code, fault.level, fault.what, fault.observed, remedy, fault.interrupts)
