"""Is JetPack complete? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.deploy import again
from tasks.finding import Finding
from tasks.jetson import state as jetson_state


def jetpack(state: HostState, plan: Plan) -> list[Finding]:
    """Libraries of JetPack that torch loads and that are missing."""
    lacking = jetson_state.missing_from_jetpack(state, plan)
    if plan.torch is not None:
        lacking += jetson_state.missing_needs(state, plan.torch)
    if not lacking:
        return []
    return [
        Finding(
            "JETPACK-INCOMPLETE",
            "CRITICAL",
            "libraries that torch loads are not on this host",
            "missing: " + ", ".join(lacking),
            f"apt-get install nvidia-jetpack, then {again(plan)}",
        )
    ]
