"""What a run is going to do to a host's containers, in words, before it does anything. Pure."""

from __future__ import annotations

from facts.engine_model import Engines
from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import docker_change, engine_state
from tasks.hostdata.containers import ContainerSettings


def lines(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> list[str]:
    """One sentence per part that is not there yet; none where everything is."""
    if plan.containers is None:
        return []
    said = []
    if engine_state.missing(state, plan.containers.toolkit):
        said.append(f"will install NVIDIA Container Toolkit {plan.containers.toolkit.version}")
    for engine in plan.containers.engines:
        if engine_state.missing(state, engine):
            where = "Docker's repository" if engine.origin == "docker" else "the archive"
            said.append(f"will install {engine.engine} {engine.version} from {where}")
    due = docker_change.change(state, engines_state, plan, settings)
    if due.keys:
        said.append(f"will set {', '.join(due.keys)} in Docker's daemon.json")
    if due.restart:
        running = engines_state.docker.running if engines_state.docker else ()
        names = ", ".join(container.name for container in running)
        on = engines_state.docker is not None and engines_state.docker.live_restore
        fate = f"; {names} {'go on' if on else 'stop'}" if names else ""
        said.append(f"will restart Docker: {'; '.join(due.restart)}{fate}")
    return said
