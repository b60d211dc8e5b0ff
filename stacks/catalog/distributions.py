"""Schema of the facts about distributions: ``distributions.yaml``, ``repositories.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stacks.catalog.provenance import Confidence, Group, Support
from stacks.model.requests import Flavour, Origin


@dataclass(frozen=True)
class DriverOffer:
    """A driver that one origin offers for one distribution."""

    branch: str
    version: str
    flavour: Flavour
    origin: Origin = "nvidia"
    packages: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    set: str = ""
    """Key of ``driver_sets.yaml`` that fills the names and versions of the packages."""
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
    versions: Mapping[str, str] = field(default_factory=dict)
    pinning: tuple[str, ...] = ()
    stream: str = ""
    modules: Literal["dkms", "precompiled"] = "dkms"
    kernel_modules: str = ""
    """Metapackage with the modules of one kernel flavour; ``{kernel}`` is to be filled in."""
    fabric_manager: str = ""
    support: Support = "plan"
    default: bool = True
    """Whether it may be chosen without being asked for."""
    source: str | None = None
    """Where it is not the source of the whole distribution."""
    confidence: Confidence | None = None

    def cite(self, dist: Group) -> str:
        """Its own source, or that of its distribution."""
        if self.source is None:
            return dist.cite
        return f"{self.source} ({dist.date}, {self.confidence or dist.confidence})"


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
    versions: Mapping[str, str] = field(default_factory=dict)
    along: tuple[str, ...] = ()
    """Shell patterns of packages that come along and are not held: other toolkits share them."""
    libraries: tuple[str, ...] = ()
    """Those packages that programs need to run, none of which brings a part of the driver."""
    libraries_mb: int = 0
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
    arch: str = ""
    """Empty: all."""
    after: str = ""
    """Only kernels newer than this series: ``6.8`` for Ubuntu's hardware enablement kernels."""
    modules: str = ""
    """The flavour's name in metapackages of signed NVIDIA modules: ``generic-hwe-24.04``."""


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
    family: Literal["apt", "dnf"] = "apt"
    nvidia_repository: str | None = None
    """Folder of NVIDIA's repository: ``ubuntu2204``."""
    sha1_keys_refused: str = ""
    """Day from which its apt, which verifies with sqv, refuses SHA-1 binding signatures; empty: it
    takes them."""


@dataclass(frozen=True)
class Distributions:
    """``catalog/distributions.yaml``."""

    distributions: Mapping[str, Distribution]


@dataclass(frozen=True)
class Key:
    """A repository signing key."""

    fingerprint: str | None
    """Forty hexadecimal digits; ``None``: nobody of us has seen them, and nothing is trusted."""
    sha1: bool = False
    """Its self-signature is SHA-1."""


@dataclass(frozen=True, kw_only=True)
class Repositories(Group):
    """``catalog/repositories.yaml``: NVIDIA's package repositories."""

    base: str
    arches: Mapping[str, str]
    """Architecture to its folder."""
    keys: Mapping[str, Key]
    repositories: Mapping[str, str]
    """Repository folder to key id."""
