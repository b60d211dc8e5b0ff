"""Docker without root for one user: a daemon of the user's own, which gets GPUs by CDI names.

It needs nothing of the setting ``no-cgroups`` that guides ask for: that is for the toolkit's old
hook, and would break Docker with root beside it (C3).
"""

from __future__ import annotations

import shlex

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from facts.engine_model import User
from stacks.model.plan import Plan
from tasks.containers import cdi_state, daemon_json, docker_change, look
from tasks.containers.daemon_json import DaemonJsonError
from tasks.containers.rootless_state import (
    _helpers,
    _settings_file,
    _unit_file,
    daemon_settings,
    due,
    unit_text,
)
from tasks.hostdata.containers import ContainerSettings
from tasks.packages import manager as packages
from tasks.packages.installed import lacking
from tasks.packages.transaction import Installation
from tasks.steps import job, theirs
from tasks.steps.step import Commands, host_state, run, step
from tasks.steps.theirs import TheirsError


@step
def running(plan: Plan, settings: ContainerSettings) -> Commands:
    """Give the user whom host data name a Docker without root that knows the GPUs."""
    if due(host_state(), look.engines(settings), plan, settings):
        yield FunctionCommand(_running, (plan, settings), {})


def _running(state: object, host: Host, plan: Plan, settings: ContainerSettings) -> bool:
    engines_state, there = look.engines(settings), host_state()
    engine, user = docker_change.docker_of(plan), engines_state.users[settings.rootless]
    assert engine is not None
    told = due(there, engines_state, plan, settings)
    missing = lacking(there, _helpers(engine), {})
    manager = packages.manager_for(there)
    if missing:
        script = f"{manager.refresh_if_stale()}\n{manager.install(Installation(missing))}"
        title = "what Docker without root needs"
        if not job.ran(host, job.Job("rootless", title, script, progress=manager.progress())):
            return False
    path, owner = _settings_file(user), theirs.Owner(user.uid, user.gid)
    try:
        text = daemon_json.merged(theirs.read(host, owner, path), daemon_settings(plan))
        if text is not None:
            theirs.write(host, owner, path, text)
        if "unit" in told:
            path = _unit_file(user)
            theirs.write(host, owner, path, unit_text(engine))
    except (DaemonJsonError, TheirsError) as error:
        logger.error(f"{host.print_prefix}DAEMON-JSON: {path}: {error}; it is as it was")
        return False
    good, said = run(host, _start_script(user), timeout=240)
    if not good:
        logger.error(f"{host.print_prefix}Docker of {user.name} did not start: {said}")
    return good


def _start_script(user: User) -> str:
    bus = f"/run/user/{user.uid}/bus"
    ask = _as_user(user, "systemctl --user {}")
    return "\n".join(
        [
            f"mkdir -p {cdi_state.COPIES} && {cdi_state.COPY} || exit 1",
            f"loginctl enable-linger {shlex.quote(user.name)} || exit 1",
            f"tries=0; until [ -S {bus} ] || [ $tries -ge 40 ]; do sleep 0.5; tries=$((tries + 1))",
            "done",
            ask.format("daemon-reload") + " || exit 1",
            ask.format("enable --quiet docker") + " || exit 1",
            ask.format("restart docker") + " || {",
            f"  journalctl -q --no-pager -o cat _UID={user.uid} -n 8; exit 1; }}",
        ]
    )


def _as_user(user: User, script: str) -> str:
    """Shell that runs a script as this user, with what the user's own systemd is found by."""
    return (
        f"runuser -u {shlex.quote(user.name)} -- env XDG_RUNTIME_DIR=/run/user/{user.uid} "
        f"HOME={shlex.quote(user.home)} sh -c {shlex.quote(script)}"
    )
