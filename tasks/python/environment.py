"""The managed environment: one folder per lock, one stable link, the former one kept."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.runtime import TorchAnswer
from stacks.model.plan import Plan
from tasks.layout import CACHE, CURRENT
from tasks.mirrors import standing
from tasks.python import locks, torch_import, uv
from tasks.python.state import complete, env_of, target_env
from tasks.steps import job
from tasks.steps.overlap import overlaps
from tasks.steps.step import Commands, executing, host_state, step, this_host
from tasks.templates import render

LOCK = "requirements.txt"
"""The lock's name in the job's folder."""


@step
def begun(plan: Plan) -> Commands:
    """Start fetching the wheels and building the environment beside what follows."""
    state = host_state()
    if plan.torch is None or not overlaps(state) or complete(state, plan):
        return
    yield job.start(_build(state, plan))


@step
def installed(plan: Plan) -> Commands:
    """The environment of this plan's lock, whole, and torch imported in it once."""
    state = host_state()
    if plan.torch is None or (complete(state, plan) and not job.begun("venv")):
        return
    yield job.finish(_build(state, plan))
    if executing():
        answer = torch_import.answer(host_state(), env_of(plan))
        if answer.version is None:
            yield FunctionCommand(_cannot_be_imported, (answer,), {})


def _cannot_be_imported(state: object, host: Host, answer: TorchAnswer) -> bool:
    logger.error(
        f"{host.print_prefix}TORCH-IMPORT: torch is in place in {answer.venv} but cannot be "
        f"imported: {answer.why}. The stable link was not switched to it."
    )
    return False


@step
def switched(plan: Plan, rollback: int = 0) -> Commands:
    """Point the stable link to the environment of this plan, or of an earlier run.

    Args:
        plan: The host's plan.
        rollback: How many environments to go back from the newest; 0 takes the plan's own.
    """
    state = host_state()
    if plan.torch is None:
        return
    target = target_env(state, plan, rollback)
    if target is None or state.current_venv == target:
        return
    yield StringCommand(f"ln -sfn {target} {CURRENT}.new && mv -T {CURRENT}.new {CURRENT}")


def _build(state: HostState, plan: Plan) -> job.Job:
    assert plan.torch is not None
    env = env_of(plan)
    script = render(
        "venv.sh.j2",
        env=env,
        lock=LOCK,
        python=f"/usr/bin/python{plan.torch.python}",
        prompt=plan.stack,
        uv=uv.remote_path(state.system.arch),
        uv_environment=uv.whole(state)
        + uv.environment(state, plan, standing.ways(this_host()).indexes),
        ways=standing.ways(this_host()).indexes,
        links=plan.torch.links,
    )
    total = plan.torch.disk_mb
    return job.Job(
        "venv",
        f"torch {plan.torch.version}+{plan.torch.variant}",
        script,
        progress=f'echo "$(($(du -sm {CACHE} | cut -f1) - $(cat before))) MiB fetched, '
        f'$(du -sm {env} | cut -f1) of about {total} MiB in place"',
        nice=5,
        inputs=((LOCK, locks.text(this_host().data, plan.torch.lock)),),
    )
