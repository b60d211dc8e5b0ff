"""Toolkits, libraries, compilers, interpreters and environments on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facts.model.shown import Shown


@dataclass(frozen=True)
class CudaToolkit(Shown):
    """A CUDA toolkit on the disk."""

    path: str
    version: str | None
    nvcc: str | None
    nvcc_release: str | None
    """``V11.8.89``."""
    runfile: bool = False
    """NVIDIA's CUDA runfile put it there (its uninstaller is beside it)."""


@dataclass(frozen=True)
class Cudnn(Shown):
    """A cuDNN on the disk, outside of Python environments."""

    path: str
    """The prefix: the folder above ``include`` and ``lib``."""
    version: str | None
    """``8.9.6`` of the header, where it is there."""
    libraries: tuple[str, ...]


@dataclass(frozen=True)
class Nccl(Shown):
    """An NCCL on the disk, outside of Python environments."""

    path: str
    """The prefix: the folder above ``include`` and ``lib``."""
    version: str | None


@dataclass(frozen=True)
class Compiler(Shown):
    """A host compiler."""

    path: str
    kind: str
    """``gcc``, ``g++``, ``clang`` or ``clang++``."""
    version: str
    """``11.3.0``."""


@dataclass(frozen=True)
class Python(Shown):
    """A Python interpreter outside of virtual environments."""

    path: str
    version: str


@dataclass(frozen=True)
class Venv(Shown):
    """A managed environment below ``/opt/gpuwright/envs``, read without running it."""

    path: str
    complete: bool
    """Our completion mark is there."""
    python: str | None
    packages: Mapping[str, str]
    """Of interest only (torch, torchvision, torchaudio, triton, nvidia-*): name → version."""


@dataclass(frozen=True)
class Setting(Shown):
    """A line that changes what every program of the host loads or sees."""

    file: str
    text: str
