"""Whether a reboot is needed, and what stands against it. Pure.

The one place that decides it, for the deploys that bring a driver and for the repair.
"""

from __future__ import annotations

from tasks.doctor.tree import Diagnosis
from tasks.driver import reboot_state, signing_state
from tasks.faults.catalog import Method, faults
from tasks.finding import Finding
from tasks.health.case import Case
from tasks.health.naming import Named
from tasks.hostdata.repair import Reboot
from tasks.steps.record import Reboots
from tasks.verify import comparison

ALLOW = "allow it with --data reboot=if-needed, or reboot it yourself"
_NEEDED = "REBOOT-NEEDED"
_BEFORE: frozenset[Method] = frozenset({"nouveau", "release", "reload"})
"""Ways that a deploy has gone, or found barred, when it comes to ask for a reboot."""
_OF_VERSIONS = (_NEEDED, "D14")
"""Codes under which another cause may come up later in the same boot."""


def needs(case: Case, answer: Diagnosis) -> tuple[Finding, ...]:
    """What only a reboot fixes, once a run has done the rest; one finding of each code.

    Secure Boot's key is not among it: that takes a person at the console.

    Args:
        case: The host as it is after the other steps.
        answer: What the doctor names.
    """
    found: dict[str, Finding] = {f.code: f for f in answer.findings if _by_reboot(f)}
    planned = comparison.compare(case.state, case.plan, case.rollback) if case.plan else ()
    waiting = () if found else reboot_state.loads_at_next_boot(case.state)
    for one in (*planned, *waiting):
        if one.code == _NEEDED:
            found.setdefault(one.code, one)
    return tuple(found.values())


def _by_reboot(finding: Named) -> bool:
    row = faults().get(finding.code)
    if row is None or finding.key in row.by_hand:
        return False
    ways = [way for way in row.repair if way not in _BEFORE]
    return ways[:1] == ["reboot"]


def key(finding: Finding) -> str:
    """What is noted of a reboot's cause: by this it is known again."""
    return f"{finding.code}: {finding.observed}" if finding.code in _OF_VERSIONS else finding.code


def new(found: tuple[Finding, ...], case: Case, noted: Reboots) -> tuple[Finding, ...]:
    """Those for which this boot was not made by us: a reboot that did not help is not repeated."""
    boot = case.state.system.boot_id
    known = noted.causes or () if boot and noted.boot == boot else ()
    return tuple(one for one in found if key(one) not in known)


def against(
    case: Case, answer: Diagnosis, policy: Reboot, fixed: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """What stands against a reboot: a container, the host's data, a next boot without the driver.

    Args:
        case: The host as it was seen.
        answer: What the doctor named.
        policy: Host data ``reboot``.
        fixed: Codes that have an act which comes before the reboot.
    """
    if case.container:
        return ("a container has its host's kernel",)
    if case.state.jetson is not None:
        return ("a Jetson's boot chain is not ours to try",)
    if policy == "never":
        return (f"it takes a reboot, and host data reboot is never: {ALLOW}",)
    if signing_state.waits(case.state):
        return ("shim asks for a key at the next boot, and drops the request where nobody answers",)
    ready = answer.next_boot
    if ready.ready or (policy == "now" and (ready.ready is None or not case.loaded)):
        return ()
    breaking = [
        n.code
        for n in answer.findings
        if "boot" in n.breaks and (not n.kernels or case.state.kernels.next_boot in n.kernels)
    ]
    if breaking and set(breaking) <= fixed:
        return ()
    return (f"a reboot would not bring the GPU back, next_boot_ready: {ready}",)


def in_use(users: list[str] | None) -> str:
    """Who stands against a reboot that is made ``if-needed``; empty: nobody.

    Args:
        users: What `facts.host_users.HostUsers` told; None: nobody could look.
    """
    if users is None:
        return "it could not be seen who uses the host"
    if not users:
        return ""
    return f"the host is in use: {reboot_state.named(users)}"
