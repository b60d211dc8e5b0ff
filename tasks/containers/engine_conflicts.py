"""What speaks against a plan for containers on a host as it stands. Pure.

Everything here is found before the host is touched.
"""

from __future__ import annotations

from facts.engine_model import Engines
from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.containers import daemon_json, docker_change, engine_state, rootless_state
from tasks.containers.daemon_json import DaemonJsonError
from tasks.hostdata.containers import ContainerSettings

SOURCE = "docs/container-host.md"
_OWNERS = ("docker-ce", "docker.io", "docker-ce-cli", "docker-cli", "podman-docker")


def conflicts(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> tuple[Conflict, ...]:
    """The conflicts of this host; none where it has no containers in its plan."""
    if plan.containers is None:
        return ()
    found: list[Conflict] = []
    if (engine := docker_change.docker_of(plan)) is not None:
        found += _snap(engines_state)
        found += _origin(state, engines_state, plan)
        found += _shim(state)
        found += _masked(state)
        found += _settings(state, engines_state, engine.version)
    found += _users(engines_state, settings)
    found += rootless_state.conflicts(state, engines_state, plan, settings)
    if not found:
        found += _busy(state, engines_state, plan, settings)
    return tuple(found)


def _snap(engines_state: Engines) -> list[Conflict]:
    if not engines_state.engine.snap:
        return []
    return [
        Conflict(
            "DOCKER-SNAP",
            "the Docker of this host is the snap",
            f"{engines_state.engine.docker} is Canonical's snap, which keeps NVIDIA's toolkit out "
            "of its own view of the disk: no container gets a GPU",
            (
                "save what you need first: docker save IMAGE | zstd >IMAGE.tar.zst, and "
                "docker run --rm -v VOLUME:/v -v $PWD:/o IMAGE tar -C /v -cf /o/VOLUME.tar .",
                "then take it out: snap remove --purge docker, and run this again. What does not "
                "move by itself: images, containers, volumes and networks (they lie in "
                "/var/snap/docker/common, the new Docker's in /var/lib/docker), its daemon.json "
                "(/var/snap/docker/current/config) and members of its group",
            ),
            "https://github.com/NVIDIA/nvidia-docker/issues/1637",
        )
    ]


def _origin(state: HostState, engines_state: Engines, plan: Plan) -> list[Conflict]:
    engine = docker_change.docker_of(plan)
    assert engine is not None
    packages = (state.packages.get(name) for name in engine.excludes)
    there = [package for package in packages if package and package.installed]
    if there:
        apt = state.package_manager.kind == "apt"
        # Those that we hold stay where -y is given, and the person is asked where it is not.
        remove = "apt-get remove --allow-change-held-packages" if apt else "dnf remove"
        own = engine.origin == "docker"
        return [
            Conflict(
                "DOCKER-OTHER-ORIGIN",
                f"Docker of another origin than planned is installed: {there[0].name}",
                f"planned is Docker from {'its own repository' if own else 'the archive'} "
                f"({', '.join(engine.packages[:2])}), which cannot stand beside "
                + ", ".join(f"{package.name} {package.version}" for package in there),
                (
                    "keep what is there: docker_origin: "
                    f"{'distribution' if own else 'docker'} in the host's data",
                    "or take it out (containers stop; images in /var/lib/docker stay): "
                    f"{remove} {' '.join(package.name for package in there)}",
                ),
                SOURCE,
            )
        ]
    owned = any((package := state.packages.get(name)) and package.installed for name in _OWNERS)
    if engines_state.engine.docker and not engines_state.engine.snap and not owned:
        return [
            Conflict(
                "DOCKER-OTHER-ORIGIN",
                "a Docker that no package owns is on this host",
                f"{engines_state.engine.docker} is of no package that this tool knows; a second "
                "Docker beside it would share its socket and its data",
                (
                    f"take it out first: rm {engines_state.engine.docker} and its daemon, by the "
                    "way it came (its own guide says how); images in its data folder stay",
                ),
                SOURCE,
            )
        ]
    return []


def _shim(state: HostState) -> list[Conflict]:
    package = state.packages.get("podman-docker")
    if package is None or not package.installed:
        return []
    return [
        Conflict(
            "DOCKER-SHIM",
            "the command docker of this host is podman's",
            f"podman-docker {package.version} puts podman behind the name docker, and cannot "
            "stand beside Docker",
            (
                "take it out, podman itself stays: "
                + ("dnf" if state.package_manager.kind == "dnf" else "apt-get")
                + " remove podman-docker",
                "or plan podman alone: container_engines: [podman] in the host's data",
            ),
            SOURCE,
        )
    ]


def _masked(state: HostState) -> list[Conflict]:
    masked = [
        name
        for name in (docker_change.UNIT, "containerd.service")
        if (unit := state.units.get(name)) and unit.enabled == "masked"
    ]
    if not masked:
        return []
    return [
        Conflict(
            "DOCKER-MASKED",
            "somebody has forbidden Docker to start here",
            f"masked: {', '.join(masked)}",
            (f"if that is no longer meant: systemctl unmask {' '.join(masked)}",),
            SOURCE,
        )
    ]


def _settings(state: HostState, engines_state: Engines, planned: str) -> list[Conflict]:
    if why := engines_state.unread.get(f"file:{daemon_json.PATH}"):
        return [rootless_state.unreadable(daemon_json.PATH, why)]
    text, path = engines_state.engine.daemon_json, daemon_json.PATH
    old = engine_state.strict_docker(state, planned)
    if old and (daemon_json.blank(text) or daemon_json.marked(text)):
        is_blank = daemon_json.blank(text)
        what = "it is empty" if is_blank else "it begins with a byte order mark"
        mark = f"take the mark out: sed -i '1s/^\\xef\\xbb\\xbf//' {path}"
        return [
            Conflict(
                "DAEMON-JSON",
                f"Docker's settings cannot be read: {path}",
                f"{what}, which Docker reads from version {daemon_json.LENIENT_SINCE} on; this "
                f"one is {old}",
                (f"if nothing is to be set: rm {path}", f"or: echo '{{}}' >{path}")
                if is_blank
                else (mark,),
                SOURCE,
            )
        ]
    try:
        daemon_json.read(engines_state.engine.daemon_json)
    except DaemonJsonError as error:
        backup = next(iter(engines_state.engine.backups), None)
        remedies = [f"fix it; this shows the place: python3 -m json.tool {path}"]
        if backup:
            remedies.append(f"or take its backup: cp {backup} {path}")
        return [
            Conflict(
                "DAEMON-JSON",
                f"Docker's settings cannot be read: {path}",
                f"{error}; Docker itself would not start with it",
                tuple(remedies),
                SOURCE,
            )
        ]
    return []


def _users(engines_state: Engines, settings: ContainerSettings) -> list[Conflict]:
    named = dict.fromkeys(name for name in (*settings.users, settings.rootless) if name)
    unknown = [name for name in named if name not in engines_state.users]
    if not unknown:
        return []
    return [
        Conflict(
            "DOCKER-USER",
            f"this host knows no user {' and no user '.join(unknown)}",
            "host data name them (docker_users, docker_rootless), and this tool makes no users",
            (f"make them: useradd --create-home {unknown[0]}", "or correct the name"),
            SOURCE,
        )
    ]


def _busy(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> list[Conflict]:
    stopped = docker_change.stops(state, engines_state, plan, settings)
    if not stopped or settings.restart == "now":
        return []
    why = docker_change.change(state, engines_state, plan, settings).restart
    return [
        Conflict(
            "DOCKER-BUSY",
            "Docker must restart, and containers run that would stop with it",
            f"running: {', '.join(stopped)}; why: {'; '.join(why) or 'its packages are upgraded'}",
            (
                "stop them when it suits you, and run this again: docker stop " + " ".join(stopped),
                "or allow it: docker_restart: now in the host's data, or --data "
                "docker_restart=now; those with a restart policy come back by themselves",
                'or let containers outlive Docker: "live-restore": true in '
                f"{daemon_json.PATH}, then systemctl reload docker",
            ),
            SOURCE,
        )
    ]
