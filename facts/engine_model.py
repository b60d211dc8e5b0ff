"""What is known of a host's container engines. Values only; ``None`` means "not known"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown
from facts.runtime import CudaAnswer


@dataclass(frozen=True)
class Node(Shown):
    """A device file."""

    path: str
    major: int
    minor: int
    linked: bool = True
    """``/dev/char/MAJOR:MINOR`` leads to it."""


@dataclass(frozen=True)
class CdiDevice(Shown):
    """A device node that a CDI spec names."""

    path: str
    major: int | None


@dataclass(frozen=True)
class CdiSpec(Shown):
    """A CDI spec of the vendor nvidia.com."""

    file: str
    devices: tuple[CdiDevice, ...]
    missing: tuple[str, ...]
    """Paths of the host that it wants mounted and that do not exist."""
    libraries: tuple[str, ...] = ()
    """Paths of libcuda and libnvidia-ml that it wants mounted and that are there."""
    format: str | None = None
    """Version of the format that it is written in: ``0.7.0``."""


@dataclass(frozen=True)
class Engine(Shown):
    """Docker and what stands around it."""

    docker: str | None = None
    """Where ``docker`` really lies; None: there is none."""
    snap: bool = False
    """It is the snap."""
    podman: bool = False
    daemon_json: str | None = None
    """Text of ``/etc/docker/daemon.json``, passwords in addresses hidden; None: there is none."""
    backups: Mapping[str, str] = field(default_factory=dict)
    """Text of its backups, by path: ``daemon.json.bak``, ``.dpkg-old`` …"""
    no_cgroups: str | None = None
    """The line of ``/etc/nvidia-container-runtime/config.toml`` that turns cgroups off."""
    cdi: tuple[CdiSpec, ...] = ()


@dataclass(frozen=True)
class Running(Shown):
    """A container that runs."""

    name: str
    image: str
    gpus: bool
    """It was given GPUs: by a device request, or by the runtime ``nvidia``."""


@dataclass(frozen=True)
class Docker(Shown):
    """What Docker's daemon says of itself."""

    version: str
    """Of the daemon: ``20.10.24+dfsg1``."""
    root: str
    """Its data folder: ``/var/lib/docker``."""
    storage: str
    """Storage driver: ``overlay2``."""
    cgroup_driver: str
    """``systemd`` or ``cgroupfs``."""
    live_restore: bool
    """Containers outlive the daemon."""
    runtimes: tuple[str, ...]
    rootless: bool
    started: int = 0
    """When it started, in seconds since 1970."""
    images: tuple[str, ...] = ()
    """``repository:tag`` of what is here."""
    running: tuple[Running, ...] = ()


@dataclass(frozen=True)
class User(Shown):
    """A user that was asked about and is there."""

    name: str
    uid: int
    home: str
    lingers: bool = False
    """Services of this user run without a login."""
    has_docker: bool = False
    """A Docker without root listens for this user."""
    subordinate: bool = True
    """Subordinate ids are there, for containers without root."""
    gid: int = 0
    """Of the user's own group."""


@dataclass(frozen=True)
class Engines(Shown):
    """Everything about containers that one further round trip brings."""

    engine: Engine = field(default_factory=Engine)
    nodes: tuple[Node, ...] = ()
    """NVIDIA's device files."""
    docker: Docker | None = None
    """None: Docker is not here, or its daemon does not run (``unread`` says which)."""
    docker_group: tuple[str, ...] = ()
    """Members of the group ``docker`` that are listed there."""
    users: Mapping[str, User] = field(default_factory=dict)
    """Of those that were asked about, the ones that the host knows."""
    containerd: str | None = None
    """The lines ``version`` and ``imports`` of containerd's ``config.toml``; None: no such file."""
    podman_images: tuple[str, ...] = ()
    """``repository:tag`` of what root's podman has: ``docker.io/library/debian:bookworm``."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text of its drop-ins, and of the users' own settings of Docker, by path."""
    sums: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of ``daemon.json`` and of containerd's ``config.toml`` by path."""
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerAnswer(Shown):
    """What a container with the GPUs saw."""

    started: bool
    said: str = ""
    """The engine's words where it did not start."""
    before: tuple[str, ...] = ()
    """Lines of ``nvidia-smi -L`` in it."""
    after: tuple[str, ...] = ()
    """The same after ``systemctl daemon-reload`` on the host."""
    cuda: CudaAnswer | None = None

    @property
    def gpus(self) -> tuple[str, ...]:
        """GPUs that it lists before and after."""
        later = set(self.after)
        return tuple(line for line in self.before if line.startswith("GPU ") and line in later)
