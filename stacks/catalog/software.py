"""Schema of the facts about software: ``cuda.yaml``, ``cudnn.yaml``, ``pytorch.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stacks.catalog.provenance import Group


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
    """Lowest driver by CUDA major: minor-version compatibility.

    There is no upper bound: newer drivers run older toolkits.
    """

    rows: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class CudaImages(Group):
    """NVIDIA's own images to compile in, by CUDA version."""

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
    images: CudaImages
    redist: Mapping[str, Redist]


@dataclass(frozen=True)
class PackageBuild:
    """cuDNN as packages of one repository."""

    names: tuple[str, ...]
    version: str
    arches: tuple[str, ...] = ("x86_64",)


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
    packages: Mapping[str, PackageBuild] = field(default_factory=dict)
    """Packages by folder of NVIDIA's repository."""


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
    platform: str = "manylinux_2_28"
    """First part of the platform tag of its wheels on PyTorch's own index."""


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
class Wheel:
    """One wheel of PyTorch's own index, as others name it."""

    sha256: str
    seen: tuple[str, ...]
    """Public places that name this digest and do not copy each other."""


@dataclass(frozen=True, kw_only=True)
class Wheels(Group):
    """Wheels of PyTorch's own index by file name, those of companions too.

    They serve where that index cannot be asked. A wrong digest cannot do harm: the installation
    stops.
    """

    rows: Mapping[str, Wheel]
    needed: int
    """How many places have to name a digest before a lock is made with it."""
    common: tuple[str, ...]
    """What the torch wheels require beside their CUDA libraries, Triton apart."""
    triton: Mapping[str, str]
    """PyTorch version to the Triton that it pins, with a marker where it has one."""
    companions: Mapping[str, tuple[str, ...]]
    """Companion to what it requires beside torch."""


@dataclass(frozen=True)
class Pytorch:
    """``catalog/pytorch.yaml``."""

    releases: Mapping[str, Release]
    indexes: Addresses
    last: LastWheels
    always: Extras
    wheels: Wheels
