"""Schema of the facts about hardware: ``gpus.yaml``, ``drivers.yaml``, ``jetson.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stacks.catalog.provenance import Group, Support
from stacks.model.requests import Flavour


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
    first_cuda: str = ""
    """First CUDA that compiles for it; empty: older than every one that we plan."""


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
    subnet_manager: bool = False
    """Whether its boards need NVIDIA's NVLink subnet manager (``nvlsm``) as well."""
    open_required: bool = False
    soc: str | None = None
    """Tegra chip id, where the GPU is part of a Jetson and its driver of Jetson Linux."""


@dataclass(frozen=True)
class Chip:
    """What all GPUs of a chip have in common."""

    generation: str
    sm: str
    """Compute capability: ``9.0``."""


def module_flavours(model: GpuModel, generation: Generation) -> tuple[Flavour, ...]:
    """Kernel module flavours that drive a model, of those that drive its generation."""
    return ("open",) if model.open_required else generation.flavours


@dataclass(frozen=True, kw_only=True)
class Generations(Group):
    """Generations by key (``hopper``)."""

    rows: Mapping[str, Generation]


@dataclass(frozen=True, kw_only=True)
class GpuModels(Group):
    """GPU models by key (``h100``)."""

    rows: Mapping[str, GpuModel]


@dataclass(frozen=True, kw_only=True)
class Chips(Group):
    """Chips by the beginning of their name (``GA10``)."""

    rows: Mapping[str, Chip]


@dataclass(frozen=True, kw_only=True)
class FirstBranches(Group):
    """First driver branch by GPU model; a model that is not here is older than all of them."""

    rows: Mapping[str, str]


@dataclass(frozen=True)
class Superchip:
    """GPUs that are made with one processor, and are in no other host."""

    arch: str
    """``aarch64``."""
    why: str
    """As a sentence without its full stop."""
    models: tuple[str, ...]
    """Keys of the GPUs."""


@dataclass(frozen=True, kw_only=True)
class Superchips(Group):
    """By the processor's name."""

    rows: Mapping[str, Superchip]


@dataclass(frozen=True)
class Gpus:
    """``catalog/gpus.yaml``."""

    generations: Generations
    chips: Chips
    models: GpuModels
    first_branches: FirstBranches
    superchips: Superchips


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
    kernel_seen: str | None = None
    """Newest kernel series that its latest release was seen to work with. NVIDIA names none."""


@dataclass(frozen=True, kw_only=True)
class Branches(Group):
    """Driver branches by number."""

    rows: Mapping[str, Branch]


@dataclass(frozen=True)
class RefusedKernel:
    """Kernels for which the driver's source ends its build by itself."""

    why: str
    having: tuple[str, ...] = ()
    """Settings that are all ``y`` there."""
    lacking: tuple[str, ...] = ()
    """Settings of which none is."""
    name: str = ""
    """Expression of the release, for kernels whose settings are not known."""


@dataclass(frozen=True, kw_only=True)
class KernelFloor(Group):
    """The oldest kernel that current drivers build for, and those that they refuse."""

    minimum: str
    room_mb: Mapping[str, int]
    """What a kernel and a module for it take, in MiB: ``image``, ``headers``, ``build``, ``boot``
    (an initramfs beside the old one), ``tmp``."""
    refused: tuple[RefusedKernel, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FabricManagerName(Group):
    """How NVIDIA's package of the Fabric Manager is called."""

    unnumbered_from: str
    """The first branch whose package does not carry the branch in its name."""


@dataclass(frozen=True)
class Drivers:
    """``catalog/drivers.yaml``."""

    branches: Branches
    kernel: KernelFloor
    fabric_manager: FabricManagerName


@dataclass(frozen=True, kw_only=True)
class JetsonCuda(Group):
    """A CUDA toolkit that can be installed over a JetPack, beside its own."""

    version: str
    repository: str
    """Folder of NVIDIA's repository: ``ubuntu2004``."""
    packages: tuple[str, ...]
    versions: Mapping[str, str]
    held: tuple[str, ...]
    along: tuple[str, ...] = ()
    """Shell patterns of packages that come along and are not held."""
    prefix: str
    nvcc: str
    compat: str
    """Folder of the user-mode driver that comes with it."""
    disk_mb: int
    support: Support = "plan"


@dataclass(frozen=True, kw_only=True)
class JetsonTorch(Group):
    """The PyTorch build that runs on a JetPack."""

    version: str
    variant: str
    index: str | None = None
    """Where it is, if not on PyTorch's own index."""
    sm: tuple[str, ...]
    """Compute capabilities that it has machine code for."""
    disk_mb: int
    bundled: bool = True
    """Whether it brings its own CUDA and cuDNN."""
    sha256: str = ""
    """Of its wheel, where an index other than PyTorch's has it."""
    requires: tuple[str, ...] = ()
    """What such a wheel asks of the package index."""
    repository: str = ""
    """Folder of NVIDIA's repository that has what it needs of the system."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Packages of the system to version; an empty one: as the archive has it."""
    taken: tuple[str, ...] = ()
    """Shell patterns of those of ``needs`` that come from the repository, and are held."""
    links: tuple[str, ...] = ()
    """Libraries of these outside of the loader's path."""
    support: Support = "plan"


@dataclass(frozen=True)
class JetsonLine:
    """A major release of Jetson Linux: what it brings, and what it can take."""

    jetpack: str
    ubuntu: str
    python: str
    cuda: str
    """JetPack's own."""
    socs: tuple[str, ...]
    cudnn: str | None = None
    """JetPack's own."""
    toolkit: JetsonCuda | None = None
    torch: JetsonTorch | None = None
    ended: bool = False
    """Too old for everything that a stack can ask for."""


@dataclass(frozen=True)
class JetsonRelease:
    """One release of Jetson Linux, where it differs from its line."""

    jetpack: str
    cuda: str | None = None
    cudnn: str | None = None
    torch: bool = True
    """Whether the line's PyTorch runs on it."""


@dataclass(frozen=True, kw_only=True)
class Jetson(Group):
    """``catalog/jetson.yaml``."""

    held: tuple[str, ...]
    """Shell patterns of the packages that are Jetson Linux and JetPack."""
    releases: Mapping[str, JetsonRelease]
    """By L4T version: ``36.4.7``, oldest first."""
    lines: Mapping[str, JetsonLine]
    """By L4T major."""
