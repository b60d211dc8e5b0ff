"""What a user's own Docker has, needs and cannot have. Pure."""

from __future__ import annotations

from facts.engine_model import Engines, User
from facts.model.host import HostState
from stacks.model.containers import EnginePlan
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.containers import cdi_state, daemon_json, docker_change
from tasks.containers.daemon_json import DaemonJsonError, Settings
from tasks.hostdata.containers import ContainerSettings
from tasks.packages.installed import lacking
from tasks.steps import files

HELPERS = ("uidmap", "slirp4netns", "dbus-user-session", "iptables")
"""What Docker's guide to the rootless mode asks for, by Debian's and Ubuntu's names; their kernels
mount overlays without root, so fuse-overlayfs is not needed."""


_OWN_HELPERS = {"distribution": ("rootlesskit",), "docker": ("docker-ce-rootless-extras",)}


_PROGRAM = {
    "distribution": "/usr/share/docker.io/contrib/dockerd-rootless.sh",
    "docker": "/usr/bin/dockerd-rootless.sh",
}


_UNIT = """\
[Unit]
Description=Docker without root
StartLimitIntervalSec=60
StartLimitBurst=3
[Service]
Type=notify
NotifyAccess=all
Environment=PATH={folder}:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin
ExecStart={program}
ExecReload=/bin/kill -s HUP $MAINPID
Restart=on-failure
RestartSec=2
TimeoutStartSec=90
LimitNOFILE=infinity
Delegate=yes
KillMode=mixed
[Install]
WantedBy=default.target
"""


def conflicts(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> list[Conflict]:
    """What speaks against a Docker without root for the user whom host data name."""
    engine, user = docker_change.docker_of(plan), engines_state.users.get(settings.rootless)
    if not settings.rootless or user is None:
        return []
    if engine is None or not engine.cdi or state.package_manager.kind != "apt":
        found = f"{engine.engine} {engine.version}" if engine else "no Docker"
        return [
            Conflict(
                "DOCKER-ROOTLESS",
                "Docker without root is not set up on this host",
                f"planned is {found} on {state.system.os}; it is done on Debian and Ubuntu, with a "
                "Docker that knows CDI (25 or later)",
                (
                    "omit docker_rootless",
                    "or take a newer Docker: docker_origin: docker in the host's data",
                ),
                "docs/container-host.md",
            )
        ]
    found_conflicts = []
    if not user.subordinate:
        found_conflicts.append(
            Conflict(
                "DOCKER-ROOTLESS",
                f"the user {user.name} has no subordinate ids",
                f"/etc/subuid has no line of {user.name}; containers without root need 65536 of "
                "them, and which are free is not ours to say",
                (
                    f"give some that nobody else has: usermod --add-subuids 231072-296607 "
                    f"--add-subgids 231072-296607 {user.name}",
                ),
                "docs/container-host.md",
            )
        )
    for path in (_settings_file(user), _unit_file(user)):
        why = engines_state.unread.get(f"file:{path}", "")
        try:
            if path == _settings_file(user):
                daemon_json.read(engines_state.files.get(path))
        except DaemonJsonError as error:
            why = str(error)
        if why:
            found_conflicts.append(unreadable(path, why))
    return found_conflicts


def unreadable(path: str, why: str) -> Conflict:
    """DAEMON-JSON: settings of Docker that cannot be taken."""
    return Conflict(
        "DAEMON-JSON",
        f"Docker's settings cannot be read: {path}",
        why,
        (f"look at it (ls -l {path}), then fix that file, or take it away",),
        "docs/container-host.md",
    )


def daemon_settings(plan: Plan) -> Settings:
    """What must be in the user's ``daemon.json``."""
    return Settings(
        features=dict(plan.containers.features) if plan.containers else {},
        spec_folders=(cdi_state.COPIES,),
    )


def due(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> list[str]:
    """What is to be done for the user, in words; nothing where nobody is named.

    Raises:
        DaemonJsonError: The user's settings cannot be read.
    """
    engine, user = docker_change.docker_of(plan), engines_state.users.get(settings.rootless)
    if not settings.rootless or engine is None or user is None:
        return []
    told = [f"package {name}" for name in lacking(state, _helpers(engine), {})]
    if not user.lingers:
        told.append("services without a login")
    unit = engines_state.files.get(_unit_file(user))
    ours = unit is None or unit.startswith(files.HEADER.splitlines()[0])
    if ours and (unit or "").rstrip("\n") != unit_text(engine).rstrip("\n"):
        told.append("unit")
    keys = daemon_json.changed(engines_state.files.get(_settings_file(user)), daemon_settings(plan))
    told += [f"setting {key}" for key in keys]
    if not user.has_docker:
        told.append("start")
    return told


def unit_text(engine: EnginePlan) -> str:
    """The user's own unit."""
    program = _PROGRAM[engine.origin]
    return files.HEADER + _UNIT.format(program=program, folder=program.rpartition("/")[0])


def _helpers(engine: EnginePlan) -> tuple[str, ...]:
    return (*HELPERS, *_OWN_HELPERS[engine.origin])


def _settings_file(user: User) -> str:
    return f"{user.home}/.config/docker/daemon.json"


def _unit_file(user: User) -> str:
    return f"{user.home}/.config/systemd/user/docker.service"
