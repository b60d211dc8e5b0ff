"""Docker's daemon: its settings, its proxy, and who may talk to it."""

from __future__ import annotations

import shlex

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.engine_model import Engines
from stacks.model.plan import Plan
from tasks.containers import daemon_json, docker_change, engine_proxy, engine_state, look
from tasks.containers.daemon_json import DaemonJsonError
from tasks.containers.daemon_proxy import DOCKER
from tasks.hostdata.containers import ContainerSettings
from tasks.steps import before, job, sending, theirs
from tasks.steps.step import Commands, host_state, run, step
from tasks.steps.theirs import TheirsError
from tasks.templates import render


@step
def users(plan: Plan, settings: ContainerSettings) -> Commands:
    """Let the users that host data name talk to Docker; nobody else, and nobody is taken out."""
    if docker_change.docker_of(plan) is None or not settings.users:
        return
    members = look.engines(settings).docker_group
    to_add = [user for user in settings.users if user not in members]
    if to_add:
        noted = before.note_script("docker-users", *to_add)
        added = (f"usermod -aG docker {shlex.quote(u)}" for u in to_add)
        yield StringCommand(" && ".join([noted, *added]))


@step
def configured(plan: Plan, settings: ContainerSettings) -> Commands:
    """Merge the plan into ``daemon.json``; restart Docker only for what a reload cannot bring."""
    state = host_state()
    if not docker_change.change(state, look.engines(settings), plan, settings):
        return
    yield FunctionCommand(_configured, (plan, settings), {})


def _configured(state: object, host: Host, plan: Plan, settings: ContainerSettings) -> bool:
    engines_state = look.engines(settings)
    assert plan.containers is not None
    due = docker_change.change(host_state(), engines_state, plan, settings)
    stopped = docker_change.stops(host_state(), engines_state, plan, settings)
    if stopped and settings.restart != "now":
        logger.error(
            f"{host.print_prefix}DOCKER-BUSY: containers came up since this run began, and Docker "
            f"must restart ({'; '.join(due.restart)}): {', '.join(stopped)}. Docker is as it was. "
            "Stop them, or allow it with --data docker_restart=now, and run this again."
        )
        return False
    way_out = docker_change.way_out(settings)
    if due.proxy and not engine_proxy.written(host, DOCKER, way_out):
        return False
    new = ""
    if due.keys:
        wanted = docker_change.daemon_settings(plan.containers, settings)
        try:
            # As it is, passwords and all; the look at the host hides them.
            text = daemon_json.merged(theirs.read(host, theirs.ROOT, daemon_json.PATH), wanted)
        except (DaemonJsonError, TheirsError) as error:
            logger.error(f"{host.print_prefix}DAEMON-JSON: {daemon_json.PATH}: {error}")
            return False
        if text is not None:
            new = f"{daemon_json.PATH}.gpuwright-new"
            good, said = run(host, f"readlink -m {daemon_json.PATH}")
            if good:
                good, said = sending.put(host, f"{said.strip()}.gpuwright-new", text)
            if not good:
                logger.error(f"{host.print_prefix}{new} could not be written: {said}")
                return False
    if due.keys:
        run(host, before.note_script("docker-keys", *due.keys))
    _announced(host, due, engines_state)
    script = render(
        "docker_settings.sh.j2",
        path=daemon_json.PATH,
        mark=engine_state.DOCKER_MARK,
        new=bool(new),
        way="restart" if due.restart else "start" if due.start else "reload",
        runtime="runtimes" in due.keys,
    )
    return job.ran(host, job.Job("docker-settings", "Docker's settings", script))


def _announced(host: Host, due: docker_change.Change, engines_state: Engines) -> None:
    """Say before a restart why it is, and what becomes of the containers that run."""
    if not due.restart or engines_state.docker is None:
        return
    names = ", ".join(container.name for container in engines_state.docker.running)
    fate = "go on (live-restore)" if engines_state.docker.live_restore else "stop"
    what = f"; containers that {fate}: {names}" if names else "; no container runs"
    logger.info(f"{host.print_prefix}Docker restarts: {'; '.join(due.restart)}{what}")
