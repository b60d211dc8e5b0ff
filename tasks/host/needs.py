"""What is still to be brought to the host, and so is asked of its repositories before. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import engine_state
from tasks.cuda import state as cuda_state
from tasks.driver import state as driver_state
from tasks.jetson import state as jetson_state
from tasks.repositories import offers


def needed(state: HostState, plan: Plan) -> bool:
    """Whether a repository, or something out of it, is still to be brought to the host."""
    if not plan.repositories:
        return False
    return bool(
        offers.due(state, plan)
        or (plan.driver and driver_state.missing_packages(state, plan.driver))
        or (plan.cuda and not cuda_state.complete(state, plan.cuda))
        or (plan.cudnn and not cuda_state.cudnn_complete(state, plan.cudnn))
        or (plan.torch and jetson_state.missing_needs(state, plan.torch))
        or engine_state.to_come(state, plan)
    )


def wanted(plan: Plan) -> tuple[str, ...]:
    """Packages of the plan that come from one of its repositories, in a version that it names."""
    parts = (p for p in (plan.driver, plan.cuda, plan.cudnn) if p and p.origin == "nvidia")
    names = {name for part in parts for name in part.versions}
    if plan.driver and plan.driver.origin == "nvidia":
        names |= set(plan.driver.pinning)
    names |= {name for part in engine_state.parts(plan) for name in part.versions}
    if plan.torch:
        names |= {name for name, version in plan.torch.needs.items() if version}
    return tuple(sorted(names))
