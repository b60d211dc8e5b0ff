"""What a workspace is: what a person asks for, and what that comes to on one host. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

HOME = "/var/lib/gpuwright/workspaces"
"""Folder of all workspaces on a host."""


@dataclass(frozen=True)
class GpuChoice:
    """Which GPUs a workspace gets: all of them, a number, or these."""

    kind: Literal["all", "count", "ids"] = "all"
    count: int = 0
    ids: tuple[str, ...] = ()
    """Indices as ``nvidia-smi -L`` counts (``0``), or UUIDs (``GPU-…``, ``MIG-…``)."""

    @property
    def none(self) -> bool:
        """Whether no GPU is asked for."""
        return self.kind == "count" and not self.count


@dataclass(frozen=True)
class Workspace:
    """One workspace as host data ask for it."""

    user: str
    image: str
    """Repository of the image: ``pytorch-cuda``."""
    tag: str
    port: int = 8888
    address: str = "127.0.0.1"
    """Address of the host that the ports are bound to."""
    code: str = ""
    """Folder of the host that becomes ``/workspace/code``; empty: ``code`` in the user's home."""
    gpus: GpuChoice = GpuChoice()
    shm: str = "8g"
    """Size of ``/dev/shm``, in Docker's words."""
    memlock: str = "unlimited"
    """How much memory may be locked, as pinned memory is: ``unlimited``, or a size as for `shm`."""
    memory: str = ""
    """Limit, in Docker's words; empty: none."""
    cpus: str = ""
    """Limit: ``3.5``; empty: none."""
    ssh_keys: tuple[str, ...] = ()
    """Public keys, one line each; none: no sshd."""
    ssh_port: int = 2222
    tensorboard_port: int | None = None
    """None: no TensorBoard."""
    nccl: tuple[tuple[str, str], ...] = ()
    """Variables of NCCL and their values."""

    @property
    def reference(self) -> str:
        """The image's name: ``pytorch-cuda:v2.9``."""
        return f"{self.image}:{self.tag}"

    @property
    def ports(self) -> dict[str, int]:
        """Ports on the host by what answers there."""
        found = {"JupyterLab": self.port}
        if self.ssh_keys:
            found["ssh"] = self.ssh_port
        if self.tensorboard_port is not None:
            found["TensorBoard"] = self.tensorboard_port
        return found

    @property
    def folder(self) -> str:
        """Where its files lie on the host."""
        return f"{HOME}/{self.user}"

    @property
    def container(self) -> str:
        """Name of its container."""
        return container_name(self.user)

    @property
    def unit(self) -> str:
        """Its systemd unit."""
        return unit_name(self.user)


def size_bytes(size: str) -> int:
    """A size in Docker's words (``8g``, ``512``) in bytes; 0 for an empty one."""
    number = size.rstrip("bkmg")
    units = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
    return int(number) * units[size[len(number) :]] if number else 0


def container_name(user: str) -> str:
    """Name of a user's container."""
    return f"gpuwright-workspace-{user}"


def unit_name(user: str) -> str:
    """A user's systemd unit."""
    return f"gpuwright-workspace@{user}.service"


@dataclass(frozen=True)
class WorkspaceSettings:
    """All that host data say of workspaces."""

    workspaces: tuple[Workspace, ...]
    absent: tuple[str, ...] = ()
    """Users whose workspace goes."""
    rollback: int = 0
    """How many images to go back."""
    warnings: tuple[str, ...] = field(default=())
