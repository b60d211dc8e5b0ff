"""The Fabric Manager: runs where a driver and a switch are, and fails no boot elsewhere."""

from __future__ import annotations

from dataclasses import replace

from facts.model.host import HostState
from facts.model.system import Unit
from stacks.model.plan import Plan
from tasks.driver import fabric_manager
from tasks.steps.files import digest
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_host import DRIVER
from tests.unit.tasks.sent import files, ran


def plan() -> Plan:
    """The bare host's, with a Fabric Manager."""
    driver = replace(a_host.parts()[0], fabric_manager="nvidia-fabricmanager")
    return replace(a_host.plan(), driver=driver)


def host(active: str, loaded: str = DRIVER, switch: bool = True) -> HostState:
    """A host on which the daemon is enabled and its file is there."""
    state = a_host.done()
    unit = Unit(fabric_manager.UNIT, active, "enabled")
    return replace(
        state,
        pci=(*state.pci, *([a_patient.switch()] if switch else [])),
        driver=replace(state.driver, loaded=loaded),
        units={**state.units, unit.name: unit},
        managed_files={fabric_manager.DROP_IN: digest(fabric_manager.CONDITION)},
    )


def test_daemon_that_runs_is_left_alone() -> None:
    run = ran(fabric_manager.enabled, host("active"), plan=plan())
    assert (run.changes, run.wire.commands) == ([], [])


def test_daemon_that_waits_for_a_driver_is_left_alone() -> None:
    assert ran(fabric_manager.enabled, host("inactive", loaded=""), plan=plan()).changes == []


def test_daemon_that_does_not_run_is_started() -> None:
    (command,) = ran(fabric_manager.enabled, host("failed"), plan=plan()).wire.commands
    assert f"systemctl restart {fabric_manager.UNIT}" in command


def test_daemon_without_a_switch_is_stopped_and_its_fault_forgotten() -> None:
    run = ran(fabric_manager.enabled, host("failed", switch=False), plan=plan())
    (command,) = run.wire.commands
    assert f"systemctl stop {fabric_manager.UNIT}" in command
    assert f"systemctl reset-failed {fabric_manager.UNIT}" in command
    assert "restart" not in command


def test_boot_without_a_driver_leaves_the_daemon_out() -> None:
    run = ran(fabric_manager.enabled, replace(host("active"), managed_files={}), plan=plan())
    text = files(run)[fabric_manager.DROP_IN]
    assert "ConditionPathExists=/proc/driver/nvidia/version" in text.splitlines()


def test_plan_without_it_touches_nothing() -> None:
    assert ran(fabric_manager.enabled, host("failed"), plan=a_host.plan()).changes == []
