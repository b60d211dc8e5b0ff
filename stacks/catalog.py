"""The facts about the world that the resolver stands on, read once from ``catalog/*.yaml``.

Every group of facts carries a `source`, a `date` and a `confidence`. The dataclasses here are the
schema of those files: a wrong key or type is a `SchemaError` with file and line.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

from stacks import decode
from stacks.model import Flavour, Origin

Confidence = Literal["primary-checked", "primary-text", "secondary", "memory", "unverified"]
"""``primary-checked``: run or opened by us; ``primary-text``: the maker's own documentation;
``secondary``: a third party's word; ``memory``: recalled, not checked; ``unverified``."""

Support = Literal["live", "plan"]
"""``live``: installed for real by our tests; ``plan``: resolved only, nothing installs it yet."""

FOLDER = Path(__file__).parent
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Where a group of facts comes from."""

    source: str
    date: str
    """Day on which the fact was looked up: ``2026-11-21``."""
    confidence: Confidence

    @property
    def cite(self) -> str:
        """Source with its date, and the doubt where there is one."""
        doubt = "" if self.confidence.startswith("primary") else f", {self.confidence}"
        return f"{self.source} ({self.date}{doubt})"


# --------------------------------------------------------------------------- gpus.yaml


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
    data_centre: bool = False
    nvswitch: bool = False
    """Sold on boards whose GPUs hang on NVSwitch, which needs Fabric Manager."""
    first_branch: str | None = None
    """First driver branch that knows it; ``None``: older than every branch we plan."""
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


@dataclass(frozen=True)
class Gpus:
    """``catalog/gpus.yaml``."""

    generations: Generations
    models: GpuModels


# --------------------------------------------------------------------------- drivers.yaml


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


# --------------------------------------------------------------------------- cuda.yaml


@dataclass(frozen=True)
class Toolkit:
    """A CUDA toolkit release line."""

    release: str
    """What nvcc prints: ``V11.8.89``."""
    sm: tuple[str, ...]
    gcc: tuple[int, ...]
    """Oldest and newest supported major."""
    clang: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Toolkits(Group):
    """Toolkits by version (``11.8``)."""

    rows: Mapping[str, Toolkit]


@dataclass(frozen=True, kw_only=True)
class Floors(Group):
    """Lowest driver by CUDA major: minor-version compatibility. No upper bound: newer drivers run
    older toolkits."""

    rows: Mapping[str, str]


@dataclass(frozen=True)
class File:
    """One file of NVIDIA's redistributable tree."""

    path: str
    sha256: str
    size: int | None = None
    role: Literal["runtime", "compile", "extra"] = "runtime"
    """``runtime``: libraries; ``compile``: needed by nvcc as well; ``extra``: never by default."""


@dataclass(frozen=True, kw_only=True)
class Redist(Group):
    """Component tarballs of one CUDA release, by architecture, then component."""

    base: str
    files: Mapping[str, Mapping[str, File]]


@dataclass(frozen=True)
class Cuda:
    """``catalog/cuda.yaml``."""

    toolkits: Toolkits
    floors: Floors
    redist: Mapping[str, Redist]


# --------------------------------------------------------------------------- cudnn.yaml


@dataclass(frozen=True)
class CudnnBuild:
    """One cuDNN version for one CUDA major."""

    cuda: str
    """CUDA major: ``11``."""
    redist: Mapping[str, File] = field(default_factory=dict)
    """Tarball by architecture."""
    wheel: str | None = None
    """Requirement with hash."""
    wheel_arches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CudnnBuilds(Group):
    """cuDNN builds by full version, best first."""

    base: str
    floor: str
    """Lowest driver."""
    sm_max: str
    """Highest compute capability that the series knows."""
    disk_mb: int
    rows: Mapping[str, CudnnBuild]


@dataclass(frozen=True)
class Cudnn:
    """``catalog/cudnn.yaml``: series (``8.9``) to builds."""

    series: Mapping[str, CudnnBuilds]


# --------------------------------------------------------------------------- pytorch.yaml


@dataclass(frozen=True)
class Variant:
    """A CUDA build of one PyTorch release."""

    cuda: str
    cudnn: str
    sm: Mapping[str, tuple[str, ...]]
    """Compute capabilities by architecture."""
    floor: str
    """Lowest driver."""
    pins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Release(Group):
    """One PyTorch minor release."""

    versions: Mapping[str, Mapping[str, str]]
    """Patch version to companions and their versions."""
    pythons: tuple[str, ...]
    glibc: str
    default_index: Mapping[str, str]
    """What the package index of the client's own configuration serves, by architecture."""
    variants: Mapping[str, Variant]
    """Best first."""
    disk_mb: int
    extras: Mapping[str, str] = field(default_factory=dict)
    """Version specifiers that this release adds to the packages of every venv."""


@dataclass(frozen=True, kw_only=True)
class Addresses(Group):
    """Addresses by name."""

    rows: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LastWheels(Group):
    """The last releases that have a thing."""

    cu118: str
    cudnn8: str
    source_build_cuda11: str


@dataclass(frozen=True, kw_only=True)
class Extras(Group):
    """Packages that every venv gets, with version specifiers."""

    rows: Mapping[str, str]


@dataclass(frozen=True)
class Pytorch:
    """``catalog/pytorch.yaml``."""

    releases: Mapping[str, Release]
    indexes: Addresses
    last: LastWheels
    always: Extras


# --------------------------------------------------------------------------- distributions.yaml


@dataclass(frozen=True)
class DriverOffer:
    """A driver that one origin offers for one distribution."""

    branch: str
    version: str
    origin: Origin
    flavour: Flavour
    packages: tuple[str, ...]
    held: tuple[str, ...]
    arches: tuple[str, ...] = ("x86_64", "aarch64")
    components: tuple[str, ...] = ()
    pocket: Literal["release", "security", "backports"] | None = None
    unsatisfiable_with_security: bool = False
    """The package needs a companion that the security pocket has moved past."""
    kernel_seen: str | None = None
    """Newest kernel that its maker claims."""
    kernel_refused: str | None = None
    """Oldest kernel that is known not to build."""
    disk_mb: int = 0
    support: Support = "plan"
    default: bool = True
    """Whether it may be chosen without being asked for."""
    source: str | None = None
    """Where it is not the source of the whole distribution."""
    confidence: Confidence | None = None


@dataclass(frozen=True)
class CudaOffer:
    """A CUDA toolkit that one origin offers for one distribution."""

    version: str
    origin: Origin
    prefix: str
    nvcc: str
    disk_mb: int
    packages: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    arches: tuple[str, ...] = ("x86_64",)
    support: Support = "plan"


@dataclass(frozen=True)
class HostCompiler:
    """A C++ compiler in the distribution's archive."""

    kind: Literal["gcc", "clang"]
    major: int
    path: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Headers:
    """Kernel releases that end in ``suffix`` and the metapackage with their headers."""

    suffix: str
    package: str
    arch: str


@dataclass(frozen=True, kw_only=True)
class Distribution(Group):
    """One release of a distribution."""

    name: str
    arches: tuple[str, ...]
    glibc: str
    pythons: Mapping[str, tuple[str, ...]]
    """Interpreter minor version to the packages that give it; best first."""
    compilers: tuple[HostCompiler, ...] = ()
    kernel_series: str = ""
    """The release's own kernel: ``6.1``. Headers of another come from elsewhere."""
    kernel_headers: tuple[Headers, ...] = ()
    """The first suffix that fits wins; the last row of an architecture is its default."""
    drivers: tuple[DriverOffer, ...] = ()
    """Best first."""
    cuda: tuple[CudaOffer, ...] = ()
    """Best first."""
    cudnn: tuple[Origin, ...] = ()
    """Origins, best first."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """``cuda.nvidia`` and the like, to the reason why this origin cannot serve it."""
    nvidia_repository: str | None = None
    sha1_keys_refused: bool = False
    """apt verifies with sqv, which refuses SHA-1 binding signatures."""


# --------------------------------------------------------------------------- the others


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


@dataclass(frozen=True)
class Key:
    """A repository signing key."""

    fingerprint: str
    sha1: bool = False
    """Its self-signature is SHA-1."""


@dataclass(frozen=True, kw_only=True)
class Repositories(Group):
    """``catalog/repositories.yaml``: NVIDIA's package repositories."""

    base: str
    keys: Mapping[str, Key]
    repositories: Mapping[str, str]
    """Repository folder to key id."""


@dataclass(frozen=True)
class Code:
    """A conflict or notice that the resolver can give."""

    kind: Literal["conflict", "notice"]
    means: str
    source: str
    confidence: Confidence
    rules: tuple[str, ...] = ()
    """Ids of the compatibility dossier's rules that it stands for."""


@dataclass(frozen=True)
class Codes:
    """``catalog/codes.yaml``."""

    codes: Mapping[str, Code]


@dataclass(frozen=True)
class Distributions:
    """``catalog/distributions.yaml``."""

    distributions: Mapping[str, Distribution]


@dataclass(frozen=True)
class Lock:
    """A lock file: digest of its text and the versions that it pins."""

    sha256: str
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Catalog:
    """All facts, and the lock files that lie beside them."""

    gpus: Gpus
    drivers: Drivers
    cuda: Cuda
    cudnn: Cudnn
    pytorch: Pytorch
    distributions: Mapping[str, Distribution]
    jetson: Jetson
    repositories: Repositories
    codes: Mapping[str, Code]
    locks: Mapping[str, Lock]
    """Lock files by name."""
    pci: Mapping[str, str]
    """PCI device id to GPU model key."""


@functools.cache
def load_catalog(folder: Path = FOLDER) -> Catalog:
    """The catalogue in ``folder`` (``catalog/*.yaml`` and ``locks/*.txt``), read once.

    Raises `SchemaError` with file and line.
    """

    def read(name: str, kind: type[T]) -> T:
        return decode.load(folder / "catalog" / name, kind, f"stacks/catalog/{name}")

    gpus = read("gpus.yaml", Gpus)
    return Catalog(
        gpus=gpus,
        drivers=read("drivers.yaml", Drivers),
        cuda=read("cuda.yaml", Cuda),
        cudnn=read("cudnn.yaml", Cudnn),
        pytorch=read("pytorch.yaml", Pytorch),
        distributions=read("distributions.yaml", Distributions).distributions,
        jetson=read("jetson.yaml", Jetson),
        repositories=read("repositories.yaml", Repositories),
        codes=read("codes.yaml", Codes).codes,
        locks=MappingProxyType(
            {path.name: _read_lock(path) for path in sorted((folder / "locks").glob("*.txt"))}
        ),
        pci=MappingProxyType(
            {pci: key for key, model in gpus.models.rows.items() for pci in model.pci}
        ),
    )


def _read_lock(path: Path) -> Lock:
    data = path.read_bytes()
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", data.decode("utf-8"), re.MULTILINE)
    return Lock(hashlib.sha256(data).hexdigest(), MappingProxyType(dict(pins)))
