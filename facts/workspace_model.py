"""What there is of workspaces on a host. Values only, no pyinfra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.model.shown import Shown


@dataclass(frozen=True)
class Person(Shown):
    """A user of the host."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    """All groups, the primary one too."""
    home: str


@dataclass(frozen=True)
class Folder(Shown):
    """A folder of code, as the user's own processes see it."""

    user: str
    path: str
    exists: bool
    readable: bool | None
    """The user may list it; None: not tried, because it does not exist."""


@dataclass(frozen=True)
class Listener(Shown):
    """A program that listens on a port that was asked about."""

    port: int
    address: str
    program: str
    """``nginx, PID 812``; empty where the kernel does not tell."""


@dataclass(frozen=True)
class SeenGpu(Shown):
    """A GPU, or a slice of one, as ``nvidia-smi -L`` lists it."""

    index: str
    """``0``; empty for a MIG slice."""
    uuid: str
    name: str


@dataclass(frozen=True)
class SeenContainer(Shown):
    """A container that carries our label."""

    name: str
    user: str
    """Whose workspace it is, by its label."""
    values: str
    """Digest of what it was made from, by its label."""
    gpus: str
    """The GPUs it was given, by its label: ``all``, ``0,1`` or nothing."""
    image: str
    """Id of its image: ``sha256:…``."""
    status: str
    """``running``, ``exited``, ``restarting`` …"""
    health: str
    """``healthy``, ``starting``, ``unhealthy``; empty: its image has no check."""
    restarts: int


@dataclass(frozen=True)
class Token(Shown):
    """The file of a token, never its content."""

    owner: int
    mode: str
    """``400``."""
    size: int


@dataclass(frozen=True)
class SeenWorkspace(Shown):
    """What lies on the host of one workspace."""

    user: str
    token: Token | None
    keys: str | None
    """SHA-256 of its ``authorized_keys``; None: there is none."""
    home_owner: int | None
    active: str
    """Its unit: ``active``, ``inactive``, ``failed``."""
    enabled: str
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkspaceState(Shown):
    """Everything about workspaces on one host, in one round trip."""

    docker: str | None
    """Version of the daemon that answers; None: none does (see ``docker_why``)."""
    docker_why: str
    people: Mapping[str, Person]
    folders: Mapping[str, Folder]
    """By user."""
    listeners: tuple[Listener, ...]
    published: Mapping[int, str]
    """Port of the host to the name of the container that publishes it."""
    images: Mapping[str, str]
    """``name:tag`` to the image's id."""
    image_ids: tuple[str, ...]
    containers: Mapping[str, SeenContainer]
    """By name: ours only."""
    foreign: tuple[str, ...]
    """Containers with a name of ours that do not carry our label."""
    workspaces: Mapping[str, SeenWorkspace]
    """By user: those that have a folder here."""
    gpus: tuple[SeenGpu, ...] | None
    """None: nvidia-smi gives no list (see ``gpus_why``)."""
    gpus_why: str = ""
    most_locked: int | None = None
    """Bytes of memory that a container may lock at most here; None: as many as it is given."""
    kept: tuple[str, ...] = ("memory", "cpus")
    """Limits that Docker can keep here, as it says itself: the kernel may lack the controller."""


@dataclass(frozen=True)
class Answer(Shown):
    """What a workspace answers on its ports, and what it sees. None: not asked."""

    user: str
    lab: int | None
    """HTTP status of ``/api``: 200. 0: no answer."""
    without_token: int | None
    """HTTP status of ``/api/status`` without the token: 403."""
    with_token: int | None
    """The same with it: 200."""
    tensorboard: int | None
    ssh: str | None
    """sshd's first line."""
    gpus: int | None
    """How many GPUs ``nvidia-smi -L`` lists in the container."""
    gpus_why: str = ""
    status: str = ""
    """The container's, where JupyterLab does not answer: ``exited``, ``failing`` (it ends again and
    again), ``running``."""
    log: tuple[str, ...] = ()
    """The end of the container's log, where JupyterLab does not answer; never with the token."""
