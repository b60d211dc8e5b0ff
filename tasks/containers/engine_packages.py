"""Packages of engines and of NVIDIA's container toolkit, each set as a whole."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers.engine_state import DOCKER_MARK, HOOK, Part, missing
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation, Transaction
from tasks.steps import job
from tasks.steps.step import Commands, host_state, step


@step
def toolkit(plan: Plan) -> Commands:
    """Install the four packages of NVIDIA's container toolkit, in one version.

    It comes before the engine, so that a new Docker finds it at its first start.
    """
    state = host_state()
    if plan.containers is None or not missing(state, plan.containers.toolkit):
        return
    mark = (
        f"[ -e {HOOK} ] || [ ! -S /run/docker.sock ] || "
        f"{{ mkdir -p {DOCKER_MARK.rpartition('/')[0]} && : >{DOCKER_MARK}; }}"
    )
    yield job.complete(
        _job(state, "toolkit", "NVIDIA Container Toolkit", plan.containers.toolkit, mark)
    )


@step
def engines(plan: Plan) -> Commands:
    """Install the planned engines, each from its origin."""
    if plan.containers is None:
        return
    for engine in plan.containers.engines:
        state = host_state()
        if missing(state, engine):
            title = {"docker": "Docker", "podman": "Podman"}.get(engine.engine, engine.engine)
            yield job.complete(_job(state, engine.engine, title, engine))


def _job(state: HostState, name: str, title: str, part: Part, first: str = ":") -> job.Job:
    manager = packages.manager_for(state)
    named = [
        manager.named(package, part.versions[package]) if package in part.versions else package
        for package in part.packages
    ]
    transaction = Transaction(
        ours=(*part.held, *part.packages),
        pins=tuple(sorted(part.versions.items())),
        # What an archive's own engine needs beside it may come up to date with it.
        prerequisites=tuple(p for p in part.packages if p not in part.versions),
        # Another version than the one that is here comes only where a person asked for it.
        back=bool(part.versions),
    )
    script = "\n".join(
        [
            manager.refresh_if_stale(),
            manager.install(Installation(named, transaction=transaction, first=first)),
        ]
    )
    return job.Job(name, title, script, progress=manager.progress())
