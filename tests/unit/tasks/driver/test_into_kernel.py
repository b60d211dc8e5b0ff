"""A reboot only where it is allowed, the running kernel gets no module and the next one has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from stacks.model.kernels import KernelPlan
from tasks.driver import state as driver_state
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import KERNEL

OLD = "6.1.0-52-cloud-amd64"
LEFT = KernelPlan(left={OLD: "its headers are gone"})
COMES = KernelPlan(left={OLD: "its headers are gone"}, comes="6.1.0-99-cloud-amd64")


def machine(state: HostState, running: str = OLD, container: str = "") -> HostState:
    """A machine of its own that runs this kernel."""
    return replace(
        state,
        kernels=replace(state.kernels, running=running),
        system=replace(state.system, container=container),
    )


@pytest.mark.parametrize(
    ("state", "kernels", "would"),
    [
        (machine(a_host.done()), LEFT, True),
        (machine(a_host.bare()), COMES, True),
        (machine(a_host.bare()), LEFT, False),
        (machine(a_host.done(), running=KERNEL), LEFT, False),
        (machine(a_host.done()), KernelPlan(), False),
        (machine(a_host.done(), container="docker"), LEFT, False),
    ],
    ids=["next is ready", "next comes", "next is not", "it has one", "not left", "container"],
)
def test_reboot_would_help(state: HostState, kernels: KernelPlan, would: bool) -> None:
    driver = replace(a_host.parts()[0], kernels=kernels)
    assert driver_state.reboot_would_do(state, driver) is would
