"""What is planned for containers: engines, NVIDIA's container toolkit, and the PyTorch image.

Frozen values, as in `stacks.model.plan`, of which they are parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Engine = Literal["docker", "containerd", "podman"]
EngineOrigin = Literal["distribution", "docker"]
"""The distribution's archive, or Docker's own repository (docker-ce)."""
Injection = Literal["cdi", "runtime"]
"""How Docker's containers get GPUs: by CDI names, or by the runtime called ``nvidia``."""
ImageCuda = Literal["none", "runtime", "devel"]
"""How much of the system's CUDA 11.8 an image holds: nothing, libraries, or nvcc as well."""

OLD_SPEC = "no-additional-gids-for-device-nodes"
"""Flag that keeps a CDI spec of nvidia-ctk 1.19 and later below format 0.7.0."""
CDI_ASK = ("--device", "nvidia.com/gpu=all")
"""Words by which a container gets all GPUs by CDI names."""


@dataclass(frozen=True)
class ContainerRequest:
    """What a stack or the host data asks of a container host. ``None``: the resolver's choice."""

    engines: tuple[Engine, ...] = ("docker",)
    docker_origin: EngineOrigin | None = None
    docker_version: str | None = None
    """Exact upstream version: ``29.4.1``."""
    toolkit_version: str | None = None
    """Exact: ``1.20.0``."""
    injection: Injection | None = None


@dataclass(frozen=True)
class ImageRequest:
    """What a stack or the host data asks of the image."""

    base: str | None = None
    """Reference of the base image, with a digest or without: ``debian:bookworm-slim``."""
    os: str | None = None
    """The distribution in a base image of one's own: ``debian-12``."""
    cuda: ImageCuda = "runtime"


@dataclass(frozen=True)
class EnginePlan:
    """One container engine."""

    engine: Engine
    origin: EngineOrigin
    version: str
    """The newest upstream version that the catalogue has seen there: ``20.10.24``."""
    packages: tuple[str, ...]
    held: tuple[str, ...]
    """Shell patterns of package names that move only with us (C8: an unattended upgrade of
    containerd stops Docker)."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package to exact version or pattern; empty: what the archive has."""
    cdi: bool = True
    """Whether it reads CDI specs."""
    excludes: tuple[str, ...] = ()
    """Packages of another origin that it cannot stand beside."""
    compose: str = ""
    """Version of Compose that comes with it: ``1.29.2``; empty: none, or of Docker's own plugin."""


@dataclass(frozen=True)
class ToolkitPlan:
    """NVIDIA Container Toolkit: its packages move only together."""

    version: str
    packages: tuple[str, ...]
    held: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerPlan:
    """A container host."""

    engines: tuple[EnginePlan, ...]
    toolkit: ToolkitPlan
    injection: Injection
    """Docker below 25 knows no CDI; podman always takes CDI names."""
    features: Mapping[str, bool] = field(default_factory=dict)
    """Keys of ``features`` that daemon.json must have: ``{"cdi": True}`` from Docker 25 to 28.1."""
    cdi_flags: tuple[str, ...] = ()
    """``--feature-flag`` values for ``nvidia-ctk cdi generate``, for engines that do not read the
    newest CDI format: `OLD_SPEC`."""
    ask: tuple[str, ...] = ("--gpus", "all")
    """Words of ``docker run`` by which a container gets all GPUs here."""


@dataclass(frozen=True)
class ImageService:
    """Programs of an image beside PyTorch, with their hash lock."""

    packages: Mapping[str, str]
    """Top-level packages and versions: ``{"jupyterlab": "4.5.0", "tensorboard": "2.20.0"}``."""
    lock: str
    """Name of the lock below ``stacks/locks/``: it holds only what the torch lock does not, and is
    resolved together with it, so that both go into one environment."""
    locked: bool
    digest: str = ""
    """First 12 hex digits of the SHA-256 of the lock's text; empty: not locked."""
