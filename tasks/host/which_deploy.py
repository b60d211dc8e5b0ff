"""Which deploy is for a host that has no plan, or has one. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.deploy import CONTAINER_HOST, GPU_HOST, JETSON_HOST, deploy_of
from tasks.steps.record import UNSAID, HostRecord, read


def deploy_for(state: HostState, plan: Plan | None) -> str:
    """The deploy for a host; where there is no plan, what the host is tells which.

    Args:
        state: What the probe saw.
        plan: The host's plan; None: no stack is named, or it does not fit.
    """
    if plan is not None:
        return deploy_of(plan)
    if state.jetson is not None:
        return JETSON_HOST
    return CONTAINER_HOST if has_containers(state) else GPU_HOST


def has_containers(state: HostState) -> bool:
    """Whether the deploy of container hosts has been here."""
    return read(HostRecord, state.record).containers is not UNSAID
