"""What is still to be brought to the host, and so is asked of its repositories before. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import engine_state
from tasks.repositories import files as repository_files
from tasks.verify.parts import parts


def needed(state: HostState, plan: Plan) -> bool:
    """Whether a repository, or something out of it, is still to be brought to the host."""
    if not plan.repositories:
        return False
    return bool(
        repository_files.due(state, plan)
        or any(part.asks_repository for part in parts(state, plan))
        or engine_state.to_come(state, plan)
    )


def from_archives(state: HostState, plan: Plan) -> bool:
    """Whether something is still to come out of archives of the host's own sources."""
    return state.package_manager.kind == "apt" and bool(
        any(part.asks_repository for part in parts(state, plan))
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
