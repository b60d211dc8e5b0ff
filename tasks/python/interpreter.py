"""The distribution's own interpreter: the managed environment is built on it."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan, TorchPlan
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation
from tasks.steps import job
from tasks.steps.step import Commands, host_state, step


@step
def interpreter(plan: Plan) -> Commands:
    """Install the Python that the plan names; pip is not needed."""
    state = host_state()
    if plan.torch is None or _present(state, plan.torch):
        return
    manager = packages.manager_for(state)
    script = (
        manager.refresh_if_stale()
        + "\n"
        + manager.install(Installation(plan.torch.python_packages))
    )
    yield job.complete(
        job.Job("python", f"Python {plan.torch.python}", script, progress=manager.progress())
    )


def _present(state: HostState, torch: TorchPlan) -> bool:
    have = {name for name, p in state.packages.items() if p.installed}
    minors = {".".join(p.version.split(".")[:2]) for p in state.pythons}
    return torch.python in minors and set(torch.python_packages) <= have
