"""What is to be on the host for the workspaces that were asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.host import HostState
from facts.workspace_model import Person, WorkspaceState
from tasks.hostdata.workspace_values import Workspace, WorkspaceSettings
from tasks.layout import ROOT
from tasks.steps import files
from tasks.templates import render
from tasks.workspace import container, gpus, images
from tasks.workspace.container import HELD, LABEL, Container

FILES = f"{ROOT}/lib/workspaces"
PROGRAM = f"{ROOT}/lib/workspace"
UNIT = "/etc/systemd/system/gpuwright-workspace@.service"
WANTS = "/etc/systemd/system/multi-user.target.wants"


_UNIT_TEXT = f"""\
{files.HEADER}[Unit]
Description=GPU workspace of %i
# Wanted and not required: where Docker keeps containers alive over a restart of its own
# (live-restore), they are not stopped with it.
Wants=docker.service network-online.target
# A container that Docker itself starts at boot can come before the CDI spec; this one cannot.
After=docker.service network-online.target nvidia-cdi-refresh.service nvidia-persistenced.service
ConditionPathExists={FILES}/%i/create

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={PROGRAM} up %i
ExecStop={PROGRAM} down %i
TimeoutStartSec=300
TimeoutStopSec=90

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Place:
    """One workspace on its host."""

    workspace: Workspace
    person: Person
    code: str
    make_code: bool
    """The code folder is missing, and lies in the user's home."""
    made: Container


def places(
    state: WorkspaceState, settings: WorkspaceSettings, ask: tuple[str, ...]
) -> tuple[Place, ...]:
    """Each workspace as it should be on this host; those that cannot be told yet are left out.

    What an earlier deploy of this run brings (Docker, the image, the driver) is not there while
    pyinfra prepares.
    """
    try:
        given = gpus.shared_out(settings, state.gpus or (), state.containers.values())
    except gpus.TooFewError:
        return ()
    found = []
    for workspace in settings.workspaces:
        image = images.target(state, workspace, settings.rollback)
        person, folder = state.people.get(workspace.user), state.folders.get(workspace.user)
        if image is None or person is None or folder is None:
            continue
        made = container.container(
            workspace, person, folder.path, image, given[workspace.user], ask
        )
        found.append(Place(workspace, person, folder.path, not folder.exists, made))
    return tuple(found)


def program() -> str:
    """The program that the units call."""
    return render("workspace.sh.j2", header=files.HEADER, files=FILES, held=HELD, label=LABEL)


def unit() -> str:
    """The unit, of which each workspace is an instance."""
    return _UNIT_TEXT


def container_files(place: Place) -> dict[str, tuple[str, str]]:
    """Path to text and mode of the files that describe a workspace's container."""
    folder = f"{FILES}/{place.workspace.user}"
    return {
        f"{folder}/code": (place.code + "\n", "644"),
        f"{folder}/create": (container.create_script(place.made), "755"),
        f"{folder}/compose.yaml": (container.compose_file(place.made), "644"),
    }


def keys_text(workspace: Workspace) -> str:
    """The text of ``authorized_keys``; empty: there is to be none."""
    return "".join(f"{key}\n" for key in workspace.ssh_keys)


def link(user: str) -> str:
    """What starts a workspace at boot."""
    return f"{WANTS}/gpuwright-workspace@{user}.service"


def left_of(host: HostState, state: WorkspaceState, user: str) -> bool:
    """Whether anything of a workspace is there that a removal takes away."""
    seen = state.workspaces.get(user)
    ours = any(c.user == user for c in state.containers.values())
    described_there = any(path.startswith(f"{FILES}/{user}/") for path in host.managed_files)
    kept = seen is not None and (seen.token is not None or seen.keys is not None or seen.record)
    linked = link(user) in host.managed_files
    return ours or described_there or bool(kept) or linked


def replaced(state: WorkspaceState, place: Place) -> bool:
    """Whether a container that runs now will be replaced by one of other values."""
    seen = state.containers.get(place.made.name)
    return seen is not None and seen.status == "running" and seen.values != place.made.values
