"""The driver's steps: what they send to a bare host, and that a finished one is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.driver import operations
from tasks.packages import lists
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, KERNEL
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.packages.test_apt import Machine
from tests.unit.tasks.sent import jobs, prepare, ran

STEPS = [
    operations.installed,
    operations.modules_begun,
    operations.modules_built,
    operations.loaded,
]


def planned(**changes: Any) -> Plan:
    """The bare host's plan with another driver."""
    return replace(a_host.plan(), driver=replace(a_host.parts()[0], **changes))


def with_a_processor() -> HostState:
    """The bare host, too small for two long steps at once."""
    return replace(a_host.bare(), system=replace(a_host.bare().system, cpus=1))


def metal(**driver: Any) -> HostState:
    """A finished host that is no container and runs the kernel that has the module."""
    state = a_host.done()
    return replace(
        state,
        system=replace(state.system, container=""),
        kernels=replace(state.kernels, running=KERNEL),
        driver=replace(state.driver, **driver),
    )


@pytest.mark.parametrize("operation", STEPS)
def test_finished_host_is_left_alone(operation: Callable[..., Any]) -> None:
    run = ran(operation, a_host.done(), plan=a_host.plan())
    assert (run.changes, run.wire.commands) == ([], [])


@pytest.mark.parametrize("operation", STEPS)
def test_plan_without_a_driver_touches_nothing(operation: Callable[..., Any]) -> None:
    plan = replace(a_host.plan(), driver=None)
    assert ran(operation, a_host.bare(), plan=plan).changes == []


def offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> tuple[int, str, list[str]]:
    """How the installation begins where the archive offers this version: it ends before apt's."""
    monkeypatch.setattr(lists, "STAMP", str(tmp_path / "lists-read"))
    (tmp_path / "bin").mkdir()
    machine = Machine(tmp_path)
    for command in ("apt-get", "dpkg", "sleep"):
        machine.says(command)
    machine.write("apt-cache", f"echo '  Candidate: {version}'\n")
    script = jobs(ran(operations.installed, a_host.bare(), plan=a_host.plan()))["driver"]
    judged, end, _ = script.partition(";; esac")
    assert end, "the script no longer judges what the archive offers"
    done = machine.run("\n".join([*judged.splitlines()[2:], end]))
    return done.returncode, done.stdout, machine.called("apt-get install")


def test_archive_with_the_planned_branch_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered(tmp_path, monkeypatch, f"{DRIVER}-1~deb12u1")[0] == 0


def test_archive_that_went_on_to_another_branch_stops_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said, installations = offered(tmp_path, monkeypatch, "550.163.01-2")
    assert code == 1
    assert "550.163.01-2" in said and "535" in said
    assert installations == []


def test_planned_versions_are_asked_for_by_name_and_need_no_judging() -> None:
    plan = planned(versions={"nvidia-smi": "535.309.01-1"})
    script = jobs(ran(operations.installed, a_host.bare(), plan=plan))["driver"]
    assert "nvidia-smi=535.309.01-1" in script
    assert "the archive offers" not in script


def test_modules_that_the_archive_ships_are_taken_for_each_bootable_kernel() -> None:
    meta = "linux-modules-nvidia-535-server-amd64"
    plan = planned(modules="precompiled", packages=(meta, "nvidia-smi"))
    script = jobs(ran(operations.installed, a_host.bare(), plan=plan))["driver"]
    assert f"linux-modules-nvidia-535-server-{KERNEL}" in script


def without_module() -> HostState:
    """A finished host that lacks the module of its kernel."""
    state = a_host.done()
    return replace(state, driver=replace(state.driver, modules=()))


def test_module_is_built_for_a_kernel_that_lacks_it() -> None:
    run = ran(operations.modules_built, without_module(), plan=a_host.plan())
    assert run.exit_status == 0
    assert KERNEL in jobs(run)["dkms"]


def test_build_that_was_begun_is_waited_for_and_not_begun_again() -> None:
    run = ARun(without_module())
    prepare(run, operations.modules_begun, plan=a_host.plan())
    prepare(run, operations.modules_built, plan=a_host.plan())
    assert run.executed().exit_status == 0
    assert "dkms" in jobs(run)  # which fails where one is started twice


def test_small_machine_builds_nothing_beside_other_work() -> None:
    assert ran(operations.modules_begun, a_host.bare(), plan=a_host.plan()).changes
    assert not ran(operations.modules_begun, with_a_processor(), plan=a_host.plan()).changes


def test_shipped_modules_are_never_built() -> None:
    plan = planned(modules="precompiled")
    run = ran(operations.modules_begun, without_module(), plan=plan)
    assert run.changes == []
    assert "dkms" not in jobs(ran(operations.modules_built, without_module(), plan=plan))


def test_module_is_loaded_where_it_can_be() -> None:
    (command,) = ran(operations.loaded, metal(), plan=a_host.plan()).wire.commands
    assert command.startswith("modprobe nvidia ")


def test_loaded_module_is_not_loaded_again() -> None:
    assert ran(operations.loaded, metal(loaded=DRIVER), plan=a_host.plan()).changes == []
