"""What a stack, with the host data laid over it, asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stacks.model.containers import ContainerRequest, ImageRequest

Flavour = Literal["open", "proprietary"]


Origin = Literal["debian", "redist", "wheels", "nvidia", "ubuntu", "bundle"]


SecureBoot = Literal["enrol", "refuse"]


@dataclass(frozen=True)
class DriverRequest:
    """What a stack or the host data asks of the driver. ``None`` leaves it to the resolver."""

    branch: str | None = None
    flavour: Flavour | None = None
    origin: Origin | None = None
    version: str | None = None
    """Exact: ``580.159.04``."""
    secure_boot: SecureBoot = "enrol"
    """``refuse``: no driver that loads only after a person was at the console."""


@dataclass(frozen=True)
class CudaRequest:
    """The system toolkit. ``purpose`` is ``compile`` (nvcc is a must), ``auto`` or ``runtime``."""

    version: str
    purpose: Literal["compile", "auto", "runtime"] = "auto"
    origin: Origin | None = None


@dataclass(frozen=True)
class CudnnRequest:
    """The system cuDNN, by series (``8.9``) or exact version."""

    version: str
    origin: Origin | None = None


@dataclass(frozen=True)
class TorchRequest:
    """The PyTorch release for the managed venv."""

    version: str
    variant: str | None = None
    python: str | None = None
    companions: tuple[str, ...] = ()
    """Further packages of the lock, by name: ``torchvision``, ``torchaudio``."""
    index: Literal["pypi", "pytorch"] | None = None
    """``pypi`` is the package index of the client's configuration, ``pytorch`` PyTorch's own."""
    cudnn: str | None = None
    """The cuDNN major that torch itself must be linked with: ``8``."""
    build: Literal["wheel", "source"] = "wheel"


@dataclass(frozen=True)
class Stack:
    """A pinned stack, as a ``stacks/*.yaml`` file states it and host data may override it."""

    name: str
    summary: str
    driver: DriverRequest
    cuda: CudaRequest | None
    cudnn: CudnnRequest | None
    torch: TorchRequest | None
    containers: ContainerRequest | None = None
    """Set for a container host only."""
    image: ImageRequest | None = None
    said: tuple[str, ...] = ()
    """Names of the host data that were laid over it."""
    native: bool = True
    """False: CUDA, cuDNN and PyTorch are for the image only; the host gets none of them."""
