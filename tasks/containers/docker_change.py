"""What Docker's daemon needs to become as planned, and what that interrupts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from facts.engine_model import Engines
from facts.model.host import HostState
from stacks.model.containers import ContainerPlan, EnginePlan
from stacks.model.plan import Plan
from tasks.containers import daemon_json, engine_state
from tasks.containers.daemon_json import Settings
from tasks.containers.daemon_proxy import DOCKER
from tasks.hostdata.containers import ContainerSettings
from tasks.hostdata.network import NetworkSettings

UNIT = "docker.service"


@dataclass(frozen=True)
class Change:
    """What is to be done to the daemon. Nothing is due where it is false."""

    keys: tuple[str, ...] = ()
    """Keys of ``daemon.json`` that come or change."""
    proxy: bool = False
    """The files of the proxy are to be written, or to go."""
    start: bool = False
    """It is there and does not run, or would not after a reboot."""
    restart: tuple[str, ...] = ()
    """Why a reload is not enough."""

    def __bool__(self) -> bool:
        return bool(self.keys or self.proxy or self.start or self.restart)


def docker_of(plan: Plan) -> EnginePlan | None:
    """Docker, where the plan has it."""
    engines = plan.containers.engines if plan.containers else ()
    return next((engine for engine in engines if engine.engine == "docker"), None)


def daemon_settings(plan: ContainerPlan, settings: ContainerSettings) -> Settings:
    """What must be in ``daemon.json``."""
    return Settings(
        runtime=plan.injection == "runtime" or settings.default_runtime,
        default_runtime=settings.default_runtime,
        features=dict(plan.features),
        mirrors=settings.mirrors,
    )


def change(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> Change:
    """What the daemon needs.

    Raises:
        DaemonJsonError: Its settings cannot be read.
    """
    if plan.containers is None or docker_of(plan) is None:
        return Change()
    keys = daemon_json.changed(
        engines_state.engine.daemon_json, daemon_settings(plan.containers, settings)
    )
    proxy = DOCKER.due(state, way_out(settings))
    unit = state.units.get(UNIT)
    here = unit is not None and unit.enabled not in ("not-found", "")
    start = here and (unit is None or unit.active != "active" or unit.enabled == "disabled")
    return Change(keys, proxy, start, _restart(state, engines_state, plan, keys, proxy))


def _restart(
    state: HostState, engines_state: Engines, plan: Plan, keys: tuple[str, ...], proxy: bool
) -> tuple[str, ...]:
    """Why a Docker that runs must restart; one that this run brings starts as it should."""
    why = []
    if engines_state.docker is not None:
        fixed = [key for key in keys if key not in daemon_json.RELOADED]
        if fixed:
            why.append(f"it reads {', '.join(fixed)} at its start only")
        if proxy:
            why.append("its proxy changes")
        assert plan.containers is not None
        hook = state.packages.get("nvidia-container-toolkit")
        if hook is None or not hook.installed:
            why.append("it looks for the container toolkit at its start only")
    if engine_state.DOCKER_MARK in state.managed_files:
        why.append("something came since its start that it looks for then only")
    return tuple(why)


def stops(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> tuple[str, ...]:
    """Running containers that this run would stop, by name.

    Docker's own packages restart it when they are upgraded.

    Raises:
        DaemonJsonError: See `change`.
    """
    docker, engine = engines_state.docker, docker_of(plan)
    if docker is None or engine is None or docker.live_restore:
        return ()
    due = change(state, engines_state, plan, settings)
    upgraded = [
        name
        for name in engine_state.missing(state, engine)
        if (package := state.packages.get(name)) and package.installed
    ]
    if not due.restart and not upgraded:
        return ()
    return tuple(container.name for container in docker.running)


def way_out(settings: ContainerSettings) -> NetworkSettings:
    """What Docker's daemon is told: its own host data, or the host's."""
    return NetworkSettings(settings.proxy, settings.no_proxy)
