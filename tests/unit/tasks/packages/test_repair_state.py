"""Whose package may go while apt is made whole, and who is told what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.outlook import Outlook, Unfetchable
from stacks.model.messages import Conflict
from tasks.layout import MOVING
from tasks.packages import repair_state
from tests.unit.tasks import a_host

COMPLAINT = "acme-agent : Depends: acme-runtime (>= 2) but it is not installable"


def conflicts(outlook: Outlook) -> tuple[Conflict, ...]:
    """What speaks against going on, on the bare host with its plan."""
    state = a_host.bare()
    return repair_state.conflicts(state, outlook, repair_state.removable(state, a_host.plan()))


def test_host_where_apt_is_whole_goes_on() -> None:
    assert conflicts(Outlook()) == ()


def test_removal_of_a_stranger_is_refused_with_its_reason_and_both_ways_out() -> None:
    (found,) = conflicts(Outlook(removals=("acme-agent",), complaints=("x : y", COMPLAINT)))
    assert found.code == "PACKAGES-BROKEN"
    assert "removing acme-agent" in found.what
    assert found.why == COMPLAINT
    assert "apt-get --fix-broken install" in found.remedies[0]
    assert "apt-get remove acme-agent" in found.remedies[1]


def test_parts_of_our_own_set_may_go() -> None:
    driver = a_host.parts()[0]
    assert conflicts(Outlook(removals=(driver.packages[0],))) == ()


@pytest.mark.parametrize("name", ["python3.11", "gcc-11", "linux-image-amd64", "docker.io"])
def test_what_others_use_never_goes_although_we_install_it(name: str) -> None:
    assert conflicts(Outlook(removals=(name,)))


def test_driver_that_goes_in_a_move_of_ours_may_go_by_its_mark() -> None:
    state, plan = a_host.bare(), a_host.plan()
    old = Outlook(removals=("linux-modules-nvidia-535-server-generic", "libnvidia-gl-470"))
    assert repair_state.conflicts(state, old, repair_state.removable(state, plan))
    moving = replace(state, managed_files={f"{MOVING}535-from-ubuntu": ""})
    assert repair_state.conflicts(moving, old, repair_state.removable(moving, plan)) == ()
    other = Outlook(removals=("site-nvidia-monitor",))
    assert repair_state.conflicts(moving, other, repair_state.removable(moving, plan))


def test_half_unpacked_package_that_no_source_has_is_named_with_both_ways_out() -> None:
    (found,) = conflicts(
        Outlook(unfetchable=(Unfetchable("less", "1:99-1"),), repair_fails="E: less needs to be")
    )
    assert "less 1:99-1 must be unpacked again" in found.why
    assert "apt-get download less=VERSION" in found.remedies[0]
    assert "dpkg --remove --force-remove-reinstreq less" in found.remedies[1]


def test_dependencies_without_any_way_are_refused_in_apts_words() -> None:
    (found,) = conflicts(Outlook(repair_fails="E: Unmet dependencies.", complaints=(COMPLAINT,)))
    assert found.why == f"E: Unmet dependencies. {COMPLAINT}"


def test_red_hat_family_is_not_judged_by_apt() -> None:
    state = a_host.bare()
    state = replace(state, package_manager=replace(state.package_manager, kind="dnf"))
    assert repair_state.conflicts(state, Outlook(removals=("acme",)), ()) == ()


def test_part_of_our_own_set_that_was_torn_out_is_brought_by_our_own_transaction() -> None:
    torn = "libcuda1 : Depends: libnvidia-ptxjitcompiler1 (= 535) but it is not installed"
    fails = "E: Unable to correct dependencies"
    assert conflicts(Outlook(repair_fails=fails, complaints=(torn,))) == ()
    theirs = "acme : Depends: acme-runtime but it is not installable"
    (found,) = conflicts(Outlook(repair_fails=fails, complaints=(torn, theirs)))
    assert "acme-runtime" in found.why
    assert conflicts(Outlook(repair_fails=fails))
