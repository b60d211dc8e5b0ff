"""Holds and pins as steps: what is missing comes, what is right stays, other holds are kept."""

from __future__ import annotations

from dataclasses import replace

from facts.model.host import HostState
from tasks.holds import operations, sets
from tasks.steps.files import digest
from tests.unit.facts import golden_hosts
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.sent import files, prepare, ran


def after(run: ARun, state: HostState) -> HostState:
    """The host with the files that the run wrote."""
    written = {path: digest(text) for path, text in files(run).items()}
    return replace(state, managed_files={**state.managed_files, **written})


def with_holds(*names: str) -> HostState:
    """The finished host with these holds and no others."""
    done = a_host.done()
    return replace(done, package_manager=replace(done.package_manager, holds=names))


def test_pins_that_are_missing_are_written_and_then_left_alone() -> None:
    run = ran(operations.held, a_host.done(), plan=a_host.plan())
    assert list(files(run)) == [sets.PINS]
    assert "apt-mark hold" not in run.wire.commands[0], "all of them are held already"
    assert ran(operations.held, after(run, a_host.done()), plan=a_host.plan()).changes == []


def test_pin_is_the_version_that_is_there() -> None:
    text = files(ran(operations.held, a_host.done(), plan=a_host.plan()))[sets.PINS]
    assert f"Pin: version {a_host.DRIVER}-1~deb12u1" in text.splitlines()


def test_only_what_lacks_its_hold_is_held() -> None:
    every = a_host.done().package_manager.holds
    assert "libcuda1" in every
    state = with_holds(*(name for name in every if name != "libcuda1"))
    (command,) = ran(operations.held, state, plan=a_host.plan()).wire.commands
    assert "apt-mark hold libcuda1 >" in command


def test_lost_hold_is_seen_although_the_pins_are_right() -> None:
    state = after(ran(operations.held, a_host.done(), plan=a_host.plan()), a_host.done())
    lost = replace(state, package_manager=replace(state.package_manager, holds=()))
    assert ran(operations.held, lost, plan=a_host.plan()).changes


def test_dry_run_on_a_bare_host_says_that_packages_to_come_will_be_held() -> None:
    run = ARun(a_host.bare())
    prepare(run, operations.held, plan=a_host.plan())
    assert run.changes == ["the step"]


def test_dry_run_says_so_too_where_all_that_is_there_is_pinned_and_a_part_is_to_come() -> None:
    done = a_host.done()
    gone = {name: p for name, p in done.packages.items() if name != "nvidia-smi"}
    part = replace(done, packages=gone)
    run = ARun(after(ran(operations.held, part, plan=a_host.plan()), part))
    prepare(run, operations.held, plan=a_host.plan())
    assert run.changes == ["the step"]
    assert run.executed().wire.commands == [], "it is still not there, and the rest is right"


def test_unattended_upgrades_are_told_once() -> None:
    step = operations.kept_from_unattended_upgrades
    run = ran(step, a_host.bare(), plan=a_host.plan())
    assert list(files(run)) == [sets.UNATTENDED]
    assert ran(step, after(run, a_host.bare()), plan=a_host.plan()).changes == []


def test_dnf_has_no_file_for_unattended_upgrades() -> None:
    rocky = golden_hosts.state("rocky-9-managed-h100.txt")
    step = operations.kept_from_unattended_upgrades
    assert ran(step, rocky, plan=a_host.plan()).changes == []
