"""Which environments are on the host, and which is meant. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.layout import ENVS
from tasks.steps.record import HostRecord, read
from tasks.steps.rollback import earlier, none_so_old


def history(state: HostState) -> list[str]:
    """Environments that runs have switched to, oldest first, as the record tells."""
    return [*(read(HostRecord, state.record).environments or ())]


def remembered(state: HostState, plan: Plan) -> list[str]:
    """`history` after a run of this plan, as its verdict writes it down."""
    known = history(state)
    if plan.torch is None or env_of(plan) in known:
        return known
    return [*known, env_of(plan)]


def target_env(state: HostState, plan: Plan, rollback: int) -> str | None:
    """Where the stable link should lead to; ``None`` if there is no environment so far back."""
    if rollback == 0:
        return env_of(plan)
    known = [*(e for e in history(state) if e != env_of(plan)), env_of(plan)]
    there = {v.path for v in state.venvs if v.complete}
    return earlier([e for e in known if e in there], rollback)


def no_way_back(state: HostState, rollback: int) -> Conflict:
    """ROLLBACK-NONE: what is said where `target_env` gives none."""
    kept = [v.path for v in state.venvs if v.complete]
    return none_so_old("environment", rollback, kept, "docs/gpu-host.md")


def complete(state: HostState, plan: Plan) -> bool:
    """Whether the plan's environment carries its completion mark."""
    return any(v.path == env_of(plan) and v.complete for v in state.venvs)


def env_of(plan: Plan) -> str:
    """The folder of this plan's environment: a new lock gives a new folder."""
    assert plan.torch is not None
    return f"{ENVS}/{plan.stack}-{plan.torch.env_digest}"
