"""What only a reboot brings into the kernel: foreseen before a run, and seen after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from stacks.model.kernels import KernelPlan
from tasks.driver import reboot_state
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_host import KERNEL

OLD = "6.1.0-52-cloud-amd64"
LEFT = KernelPlan(left={OLD: "its headers are gone"})
COMES = KernelPlan(left={OLD: "its headers are gone"}, comes="6.1.0-99-cloud-amd64")


def machine(
    state: HostState, running: str = KERNEL, container: str = "", nouveau: bool = False, **more: Any
) -> HostState:
    """A machine of its own that runs this kernel."""
    return replace(
        state,
        kernels=replace(state.kernels, running=running),
        system=replace(state.system, container=container),
        nouveau=replace(state.nouveau, loaded=nouveau),
        **more,
    )


@pytest.mark.parametrize(
    ("state", "kernels", "why"),
    [
        (machine(a_host.done(), OLD), LEFT, f"kernel {OLD}, which runs, gets no NVIDIA module"),
        (machine(a_host.bare(), OLD), COMES, f"kernel {OLD}, which runs, gets no NVIDIA module"),
        (machine(a_host.bare(), OLD), KernelPlan(), f"kernel {OLD}, which runs, is no longer"),
        (machine(a_host.done(), nouveau=True), KernelPlan(), "nouveau is loaded"),
        (machine(a_host.done()), LEFT, ""),
        (machine(a_host.done()), KernelPlan(), ""),
        (machine(a_host.done(), OLD, container="docker"), LEFT, ""),
        (machine(a_host.done(), container="docker", nouveau=True), KernelPlan(), ""),
        (machine(a_host.done(), nouveau=True, pci=()), KernelPlan(), ""),
    ],
    ids=[
        *("next kernel is ready", "next kernel comes", "kernel that is gone", "nouveau"),
        *("kernel that has a module", "well", "container", "nouveau on another machine"),
        "nouveau without a GPU of NVIDIA",
    ],
)
def test_reboot_is_foreseen_where_nothing_else_will_do(
    state: HostState, kernels: KernelPlan, why: str
) -> None:
    driver = replace(a_host.parts()[0], kernels=kernels)
    found = reboot_state.foreseen(state, driver)
    assert [line for line in found if why and line.startswith(why)] == list(found)
    assert bool(found) is bool(why)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (machine(a_host.done(), OLD), True),
        (machine(a_host.done(), nouveau=True), True),
        (machine(a_host.done()), False),
        (machine(a_host.done(), OLD, container="docker"), False),
        (machine(a_host.done(), OLD, pci=()), False),
        (machine(a_patient.state(), nouveau=True), False),
    ],
    ids=["no module", "nouveau", "can be loaded", "container", "no GPU", "is loaded"],
)
def test_driver_waits_for_the_next_boot(state: HostState, waits: bool) -> None:
    found = reboot_state.loads_at_next_boot(state)
    assert [f.code for f in found] == (["REBOOT-NEEDED"] if waits else [])
    assert all("--data reboot=if-needed" in f.remedy for f in found)
