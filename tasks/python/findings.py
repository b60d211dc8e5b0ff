"""Is the environment the planned one? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.deploy import again
from tasks.finding import Finding
from tasks.python import state as python_state
from tasks.python.state import env_of


def environment(state: HostState, plan: Plan, rollback: int) -> list[Finding]:
    """Where the stable link leads instead of to the planned environment."""
    if plan.torch is None:
        return []
    target = python_state.target_env(state, plan, rollback)
    if target is None:
        none = python_state.no_way_back(state, rollback)
        return [Finding(none.code, "CRITICAL", none.what, none.why, none.remedies[0])]
    if state.current_venv != target:
        return [
            Finding(
                "TORCH-LINK",
                "CRITICAL",
                "the stable link leads elsewhere",
                f"it leads to {state.current_venv or 'nothing'}; planned is {target}",
                again(plan),
            )
        ]
    if target != env_of(plan):
        return [
            Finding(
                "ROLLED-BACK",
                "WARN",
                "the stable link leads to an earlier environment",
                target,
                "run without rollback to return to the plan's own",
            )
        ]
    return []
