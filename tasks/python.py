"""The distribution's own interpreter: the managed environment is built on it."""

from __future__ import annotations

from facts.model import HostState
from stacks.model import Plan
from tasks import apt, job
from tasks.step import Commands, look, step


@step
def interpreter(plan: Plan) -> Commands:
    """Install the Python that the plan names, without pip and without a development tree."""
    state = look()
    if plan.torch is None or _present(state, plan.torch.python):
        return
    script = apt.refresh_if_stale() + "\n" + apt.install(plan.torch.python_packages)
    yield job.complete(
        job.Job("python", f"Python {plan.torch.python}", script, progress=apt.progress())
    )


def _present(state: HostState, minor: str) -> bool:
    return any(p.version.rsplit(".", 1)[0] == minor or p.version == minor for p in state.pythons)
