"""No kernel comes unseen: the guard is in place, and says of the next boot what the doctor says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facts.evidence import evidence_command
from facts.parse.evidence import evidence
from stacks.model.plan import DriverPlan
from tasks.doctor.tree import diagnose
from tasks.guard import kernel_guard, kernel_holds, program
from tasks.health.case import Case
from tests.acceptance.subject import Subject

SIMULATED = {
    "apt": "apt-get -s -q -o Debug::NoLocking=1 dist-upgrade | awk '/^Inst / { print $2 }'",
    "dnf": "dnf upgrade --assumeno 2>&1 | awk '/^ [^ ]/ { print $1 }'",
}


@pytest.fixture(autouse=True)
def with_driver(driver: DriverPlan) -> None:
    """Skips hosts whose plan has no driver."""


@pytest.fixture
def record(host: Subject) -> dict[str, Any]:
    """What the guard wrote down last."""
    found: dict[str, Any] = json.loads(host.run(f"cat {program.RECORD}"))
    return found


@pytest.mark.parametrize("unit", [kernel_guard.SERVICE, kernel_guard.WATCH])
def test_guard_runs_at_each_boot(host: Subject, unit: str) -> None:
    assert host.lines(f"systemctl is-enabled {unit}") == ["enabled"]


def test_guard_watches(host: Subject) -> None:
    assert host.lines(f"systemctl is-active {kernel_guard.WATCH}") == ["active"]


def test_guard_is_roots_and_nobody_else_may_write_it(host: Subject) -> None:
    assert host.lines(f"stat -c '%U %a' {program.PROGRAM}") == ["root 755"]


def test_guard_and_doctor_agree_about_the_next_boot(host: Subject, record: dict[str, Any]) -> None:
    kernels = dict.fromkeys((host.state.kernels.running, host.state.kernels.next_boot))
    answer = host.run(evidence_command([k for k in kernels if k]))
    told = diagnose(Case(host.state, evidence(answer.splitlines()), host.plan)).next_boot
    assert record["kernel"] == host.state.kernels.next_boot
    # The doctor looks at more than modules: it may say no where the guard says yes.
    assert record["ready"] or told.ready is False, told
    assert record["ready"] == any(
        m.kernel == record["kernel"] and m.version == record["driver"]
        for m in host.state.driver.modules
    )


def test_held_kernel_is_moved_by_no_upgrade(host: Subject, record: dict[str, Any]) -> None:
    if record["policy"] != "hold":
        pytest.skip(f"{host.name}: its kernel is not held")
    moved = set(host.lines(SIMULATED[host.state.package_manager.kind]))
    assert moved & {p.name for p in kernel_holds.packages(host.state)} == set()
