"""What speaks against the workspaces that were asked for, found before a host is touched. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from facts.workspace_model import WorkspaceState
from stacks.model.messages import Conflict
from tasks.deploy import CONTAINER_HOST
from tasks.hostdata.workspace_values import Workspace, WorkspaceSettings, size_bytes
from tasks.steps.rollback import none_so_old
from tasks.workspace import gpus, images

_SOURCE = "docs/workspace.md"
_NEEDS_EARLIER = {"WORKSPACE-DOCKER", "WORKSPACE-IMAGE", "WORKSPACE-GPUS"}
"""What an earlier deploy of the same run may still bring."""


def conflicts(
    host: HostState, state: WorkspaceState, settings: WorkspaceSettings
) -> tuple[Conflict, ...]:
    """Everything that keeps these workspaces from being made on this host as it stands."""
    if not settings.workspaces and not settings.absent:
        return (_nothing_asked(),)
    if state.docker is None:
        return (_no_docker(state),)
    found: list[Conflict] = []
    for workspace in settings.workspaces:
        found += _person(state, workspace)
        found += _code(state, workspace)
        found += _ports(state, workspace)
        found += _image(state, workspace, settings.rollback)
        found += _limits(host, state, workspace)
        found += _foreign(state, workspace)
    found += _gpus(state, settings)
    return tuple(found)


def may_be_fixed(conflicts: tuple[Conflict, ...]) -> bool:
    """Whether all of these are such as an earlier deploy of the same run may fix."""
    return all(conflict.code in _NEEDS_EARLIER for conflict in conflicts)


def _nothing_asked() -> Conflict:
    return Conflict(
        "WORKSPACE-NONE",
        "the host's data ask for no workspace",
        "neither workspaces, workspace_user nor workspaces_absent is said",
        (
            "name a user of the host: --data workspace_user=alice",
            "or in the inventory: 'workspaces': [{'user': 'alice', 'port': 8888}]",
        ),
        _SOURCE,
    )


def _no_docker(state: WorkspaceState) -> Conflict:
    return Conflict(
        "WORKSPACE-DOCKER",
        "no Docker answers on this host",
        state.docker_why or "docker version gave no version",
        (f"pyinfra INVENTORY {CONTAINER_HOST}", "systemctl status docker"),
        _SOURCE,
    )


def _person(state: WorkspaceState, workspace: Workspace) -> list[Conflict]:
    person = state.people.get(workspace.user)
    if person is None:
        return [
            Conflict(
                "WORKSPACE-USER",
                f"there is no user {workspace.user} on this host",
                f"getent passwd {workspace.user} finds nobody",
                (
                    f"useradd --create-home {workspace.user}",
                    "or name another user (workspace_user)",
                ),
                _SOURCE,
            )
        ]
    if person.uid == 0:
        return [
            Conflict(
                "WORKSPACE-ROOT",
                f"{workspace.user} is root",
                "uid 0: who is root in a container with a folder of the host is root in it",
                ("name a user other than root (workspace_user)",),
                _SOURCE,
            )
        ]
    return []


def _code(state: WorkspaceState, workspace: Workspace) -> list[Conflict]:
    folder, person = state.folders.get(workspace.user), state.people.get(workspace.user)
    if folder is None or person is None:
        return []
    if not folder.exists:
        if in_home(folder.path, person.home):
            return []  # made by us: nobody can have meant another
        return [
            Conflict(
                "WORKSPACE-CODE",
                f"the code folder of {workspace.user} is not there",
                f"{folder.path} does not exist on this host",
                (
                    f"install -d -o {person.uid} -g {person.gid} {folder.path}",
                    "or name another (workspace_code)",
                ),
                _SOURCE,
            )
        ]
    if folder.readable:
        return []
    return [
        Conflict(
            "WORKSPACE-CODE",
            f"{workspace.user} cannot read the code folder",
            f"{folder.path} cannot be listed with uid {person.uid} and the groups "
            f"{', '.join(str(g) for g in person.groups)}",
            (
                f"see which part of the path keeps them out: namei -l {folder.path}",
                f"give it to them: chown {person.uid}:{person.gid} {folder.path}",
            ),
            _SOURCE,
        )
    ]


def in_home(path: str, home: str) -> bool:
    """Whether a folder lies in a user's home."""
    return bool(home.strip("/")) and path.startswith(f"{home.rstrip('/')}/") and "/../" not in path


def _ports(state: WorkspaceState, workspace: Workspace) -> list[Conflict]:
    found = []
    for what, port in workspace.ports.items():
        holder = state.published.get(port)
        if holder == workspace.container and holder in state.containers:
            continue
        listeners = [item for item in state.listeners if item.port == port]
        if holder is None and not listeners:
            continue
        if holder is not None:
            who = f"the container {holder} publishes it"
            stop = f"docker ps --filter publish={port}"
        else:
            programs = "; ".join(
                f"{item.program or 'a program that the kernel does not name'} on {item.address}"
                for item in listeners
            )
            who, stop = f"in use by {programs}", f"ss -ltnp 'sport = :{port}'"
        key = {"JupyterLab": "port", "ssh": "ssh_port", "TensorBoard": "tensorboard_port"}[what]
        found.append(
            Conflict(
                "WORKSPACE-PORT",
                f"port {port} for {what} of {workspace.user} is taken",
                who,
                (f"choose another (workspace_{key})", f"or stop what holds it: {stop}"),
                _SOURCE,
            )
        )
    return found


def _image(state: WorkspaceState, workspace: Workspace, rollback: int) -> list[Conflict]:
    if images.target(state, workspace, rollback) is not None:
        return []
    tags = sorted(n for n in state.images if n.startswith(f"{workspace.image}:"))
    seen = state.workspaces.get(workspace.user)
    if rollback:
        past = images.history(seen.record) if seen else []
        kept = [name for image, name in past if image in state.image_ids]
        whose = f"for the workspace of {workspace.user}"
        return [none_so_old("image", rollback, kept, _SOURCE, whose)]
    return [
        Conflict(
            "WORKSPACE-IMAGE",
            f"the image {workspace.reference} is not on this host",
            f"docker images knows {', '.join(tags) or f'no {workspace.image}'}",
            (
                "pyinfra INVENTORY deploys/image.py",
                "or name one that is there (workspace_image, workspace_tag)",
            ),
            _SOURCE,
        )
    ]


def _limits(host: HostState, state: WorkspaceState, workspace: Workspace) -> list[Conflict]:
    found = []
    cpus, memory_mb = host.system.cpus, host.system.memory_mb
    if workspace.cpus and cpus is not None and float(workspace.cpus) > cpus:
        found.append(("cpus", workspace.cpus, f"the host has {cpus} CPUs"))
    for key, said in (("memory", workspace.memory), ("shm", workspace.shm)):
        asked = size_bytes(said) / 2**20
        if key == "memory" and said and memory_mb is not None and asked > memory_mb:
            found.append((key, said, f"the host has {memory_mb:,} MiB of memory"))
    for key, said in (("memory", workspace.memory), ("cpus", workspace.cpus)):
        if said and key not in state.kept:
            why = f"Docker cannot keep it: the kernel of this host has no controller for {key}"
            found.append((key, said, f"{why} (docker info)"))
    if workspace.memory and size_bytes(workspace.shm) > size_bytes(workspace.memory):
        found.append(
            ("shm", workspace.shm, f"what is in /dev/shm counts as memory: {workspace.memory}")
        )
    most = state.most_locked
    if most is not None and (
        workspace.memlock == "unlimited" or size_bytes(workspace.memlock) > most
    ):
        why = f"root of this host may not raise the limit above {most // 1024}k (CAP_SYS_RESOURCE)"
        found.append(("memlock", workspace.memlock, why))
    return [
        Conflict(
            "WORKSPACE-LIMIT",
            f"{key} {said} for {workspace.user} is more than can be given",
            why,
            (f"choose less (workspace_{key})",),
            _SOURCE,
        )
        for key, said, why in found
    ]


def _foreign(state: WorkspaceState, workspace: Workspace) -> list[Conflict]:
    if workspace.container not in state.foreign:
        return []
    return [
        Conflict(
            "WORKSPACE-FOREIGN",
            f"a container of the name {workspace.container} is there that we did not make",
            "it does not carry the label org.gpuwright.workspace",
            (f"rename it: docker rename {workspace.container} {workspace.user}-old",),
            _SOURCE,
        )
    ]


def _gpus(state: WorkspaceState, settings: WorkspaceSettings) -> list[Conflict]:
    asking = [w.user for w in settings.workspaces if not w.gpus.none]
    if not asking:
        return []
    if not state.gpus:
        why = state.gpus_why or "nvidia-smi -L lists none"
    else:
        try:
            gpus.shared_out(settings, state.gpus, state.containers.values())
            return []
        except gpus.TooFewError as error:
            why = str(error)
    remedies = ["choose others (workspace_gpus: all, none, a count, or ids)"]
    if not state.gpus:
        remedies.insert(0, "pyinfra INVENTORY deploys/driver_doctor.py")
    return [
        Conflict(
            "WORKSPACE-GPUS",
            f"the GPUs for {', '.join(asking)} are not there",
            why,
            tuple(remedies),
            _SOURCE,
        )
    ]
