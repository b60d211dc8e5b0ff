"""Is the set held? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.deploy import again
from tasks.finding import Finding
from tasks.holds import sets


def held(state: HostState, plan: Plan) -> list[Finding]:
    """Packages of the driver's set that nothing holds."""
    free = [p.name for p in sets.held_set(state, plan) if p.name not in state.package_manager.holds]
    if not free:
        return []
    return [
        Finding(
            "NOT-HELD",
            "WARN",
            "packages of the set can be moved by an upgrade",
            "not held: " + ", ".join(free[:8]),
            again(plan),
        )
    ]
