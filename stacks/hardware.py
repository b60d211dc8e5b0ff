"""Schema of the facts about hardware: ``gpus.yaml``, ``drivers.yaml``, ``jetson.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stacks.model import Flavour
from stacks.provenance import Group


@dataclass(frozen=True)
class Generation:
    """A GPU architecture and the driver that it takes."""

    name: str
    flavours: tuple[Flavour, ...]
    """Kernel module flavours that can drive it."""
    last_branch: str | None = None
    """Last driver branch that knows it; ``None``: no end known."""
    last_cuda: str | None = None
    """Last CUDA major that knows it."""


@dataclass(frozen=True)
class GpuModel:
    """A GPU that the catalogue knows."""

    name: str
    generation: str
    sm: str
    """Compute capability: ``9.0``."""
    pci: tuple[str, ...] = ()
    sxm: tuple[str, ...] = ()
    """Those of ``pci`` that are modules of a board, not cards."""
    data_centre: bool = False
    nvswitch: bool = False
    """Sold on boards whose GPUs hang on NVSwitch, which needs Fabric Manager."""
    open_required: bool = False
    soc: str | None = None
    """Tegra chip id, where the GPU is part of a Jetson and its driver of Jetson Linux."""


@dataclass(frozen=True, kw_only=True)
class Generations(Group):
    """Generations by key (``hopper``)."""

    rows: Mapping[str, Generation]


@dataclass(frozen=True, kw_only=True)
class GpuModels(Group):
    """GPU models by key (``h100``)."""

    rows: Mapping[str, GpuModel]


@dataclass(frozen=True, kw_only=True)
class FirstBranches(Group):
    """First driver branch by GPU model; a model that is not here is older than all of them."""

    rows: Mapping[str, str]


@dataclass(frozen=True)
class Gpus:
    """``catalog/gpus.yaml``."""

    generations: Generations
    models: GpuModels
    first_branches: FirstBranches


@dataclass(frozen=True)
class Branch:
    """A driver branch."""

    kind: str
    latest: str | None = None
    eol: str | None = None
    """Month after which NVIDIA stops: ``2026-06``; ``past`` where only that is known."""
    proprietary: bool = True
    """Whether the proprietary flavour is still made."""
    open: bool = True


@dataclass(frozen=True, kw_only=True)
class Branches(Group):
    """Driver branches by number."""

    rows: Mapping[str, Branch]


@dataclass(frozen=True, kw_only=True)
class KernelFloor(Group):
    """The oldest kernel that current drivers build for."""

    minimum: str


@dataclass(frozen=True)
class Drivers:
    """``catalog/drivers.yaml``."""

    branches: Branches
    kernel: KernelFloor


@dataclass(frozen=True)
class JetsonLine:
    """What a major release of Jetson Linux can take."""

    jetpack: str
    ubuntu: str
    python: str
    cuda: str
    socs: tuple[str, ...]
    torch: Mapping[str, str] = field(default_factory=dict)
    """PyTorch minor release to the variant that runs there."""
    torch_version: str | None = None
    torch_index: str | None = None
    torch_sm: tuple[str, ...] = ()
    cuda118: bool = False


@dataclass(frozen=True, kw_only=True)
class Jetson(Group):
    """``catalog/jetson.yaml``: L4T major to what it can take."""

    lines: Mapping[str, JetsonLine]
