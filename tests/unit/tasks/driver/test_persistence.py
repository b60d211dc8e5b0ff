"""The persistence daemon: enabled with the driver, started only where one is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.system import Unit
from tasks.driver import persistence
from tasks.steps.files import digest
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER
from tests.unit.tasks.sent import files, ran


def host(loaded: str, active: str, enabled: str = "enabled") -> HostState:
    """A finished host whose daemon and driver are like this."""
    state = a_host.done()
    unit = Unit(persistence.UNIT, active, enabled)
    return replace(
        state,
        driver=replace(state.driver, loaded=loaded),
        units={**state.units, unit.name: unit},
        managed_files={persistence.DROP_IN: digest(persistence.CONDITION)},
    )


@pytest.mark.parametrize(("loaded", "active"), [(DRIVER, "active"), ("", "inactive")])
def test_daemon_that_is_as_it_should_be_is_left_alone(loaded: str, active: str) -> None:
    run = ran(persistence.enabled, host(loaded, active), plan=a_host.plan())
    assert (run.changes, run.wire.commands) == ([], [])


def test_daemon_starts_where_a_driver_is_loaded() -> None:
    (command,) = ran(
        persistence.enabled, host(DRIVER, "inactive"), plan=a_host.plan()
    ).wire.commands
    assert f"systemctl enable --quiet {persistence.UNIT}" in command
    assert f"systemctl start {persistence.UNIT}" in command


def test_failed_start_without_a_driver_is_forgotten_and_not_repeated() -> None:
    (command,) = ran(persistence.enabled, host("", "failed"), plan=a_host.plan()).wire.commands
    assert f"systemctl reset-failed {persistence.UNIT}" in command
    assert "systemctl start" not in command


@pytest.mark.parametrize("enabled", ["disabled", "not-found"])
def test_daemon_that_would_not_start_at_boot_is_enabled(enabled: str) -> None:
    run = ran(persistence.enabled, host(DRIVER, "active", enabled), plan=a_host.plan())
    assert run.changes == ["the step"]


def test_boot_without_a_driver_leaves_the_daemon_out() -> None:
    changed = replace(host(DRIVER, "active"), managed_files={persistence.DROP_IN: "other"})
    run = ran(persistence.enabled, changed, plan=a_host.plan())
    text = files(run)[persistence.DROP_IN]
    assert "ConditionPathExists=/proc/driver/nvidia/version" in text.splitlines()


def test_driver_without_the_daemon_enables_nothing() -> None:
    driver = a_host.parts()[0]
    bare = replace(driver, packages=("nvidia-kernel-dkms",))
    plan = replace(a_host.plan(), driver=bare)
    assert ran(persistence.enabled, host(DRIVER, "inactive"), plan=plan).changes == []


def test_ubuntus_compute_utilities_bring_the_daemon() -> None:
    driver = a_host.parts()[0]
    utilities = replace(driver, packages=("nvidia-compute-utils-580-server",))
    plan = replace(a_host.plan(), driver=utilities)
    assert ran(persistence.enabled, host(DRIVER, "inactive"), plan=plan).changes
