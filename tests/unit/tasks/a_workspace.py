"""A host with Docker and the image, on which Alice and Bob may get workspaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facts.workspace_model import (
    Folder,
    Person,
    SeenContainer,
    SeenGpu,
    SeenWorkspace,
    Token,
    WorkspaceState,
)
from tasks.hostdata import workspace as workspace_data
from tasks.hostdata.workspace_values import WorkspaceSettings
from tasks.steps import files
from tasks.workspace import placing
from tasks.workspace.placing import Place, places

RUNTIME = ("--runtime=nvidia", "-e", "NVIDIA_VISIBLE_DEVICES=all")
CDI = ("--device", "nvidia.com/gpu=all")
GPUS = ("--gpus", "all")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA alice@pc"
NEW, OLD = "sha256:" + "22" * 32, "sha256:" + "11" * 32


def settings_of(**data: Any) -> WorkspaceSettings:
    """What these host data ask for."""
    return workspace_data.workspace_settings(data, "pytorch-cuda", "v2.9")


def ready() -> WorkspaceState:
    """The host before its first workspace."""
    return WorkspaceState(
        docker="26.1.5+dfsg1",
        docker_why="",
        people={
            "alice": Person("alice", 1001, 1001, (1001, 27, 2000), "/home/alice"),
            "bob": Person("bob", 1002, 1002, (1002,), "/home/bob"),
        },
        folders={
            "alice": Folder("alice", "/home/alice/code", True, True),
            "bob": Folder("bob", "/home/bob/code", True, True),
        },
        listeners=(),
        published={},
        images={"pytorch-cuda:v2.9": NEW, "pytorch-cuda:v2.8": OLD},
        image_ids=(NEW, OLD),
        containers={},
        foreign=(),
        workspaces={},
        gpus=tuple(SeenGpu(str(i), f"GPU-{i}{i}", "NVIDIA H100") for i in range(4)),
    )


def with_gpus(state: WorkspaceState, **had: str) -> WorkspaceState:
    """The host with containers that have these GPUs."""
    seen = {
        f"gpuwright-workspace-{user}": SeenContainer(
            f"gpuwright-workspace-{user}", user, "0", gpus, NEW, "running", "healthy", 0
        )
        for user, gpus in had.items()
    }
    return replace(state, containers=seen)


def placed(state: WorkspaceState | None = None, ask: tuple[str, ...] = CDI, **data: Any) -> Place:
    """Where the one workspace of these host data is to be."""
    (found,) = places(state or ready(), settings_of(**{"workspace_user": "alice", **data}), ask)
    return found


def done(place: Place, state: WorkspaceState | None = None) -> WorkspaceState:
    """The host once that workspace runs."""
    user, made = place.workspace.user, place.made
    keys = placing.keys_text(place.workspace)
    return replace(
        state or ready(),
        containers={
            made.name: SeenContainer(
                made.name, user, made.values, made.gpus, made.image, "running", "healthy", 0
            )
        },
        published=dict.fromkeys(place.workspace.ports.values(), made.name),
        workspaces={
            user: SeenWorkspace(
                user,
                Token(place.person.uid, "400", 64),
                files.digest(keys) if keys else None,
                place.person.uid,
                "active",
                "enabled",
                {
                    "image": made.image,
                    "images": [{"id": made.image, "name": place.workspace.reference}],
                },
            )
        },
    )
