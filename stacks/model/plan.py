"""What is planned: the plan, its parts, and what a resolution comes to.

Everything here is a frozen value. Nothing reads a file, a host or a clock, so that a plan can be
made, compared and printed anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urljoin

from stacks.model.containers import ContainerPlan
from stacks.model.host import Gpu
from stacks.model.kernels import KernelPlan
from stacks.model.messages import Conflict, Notice, Reason
from stacks.model.requests import Flavour, Origin
from stacks.model.support import Level, PartSupport, lowest


@dataclass(frozen=True)
class Repository:
    """A package repository beside the distribution's own."""

    name: str
    """``nvidia-cuda``, ``nvidia-container-toolkit``, ``docker-ce``: names its files on the host."""
    kind: Literal["apt", "dnf"]
    address: str
    """``https://…/repos/ubuntu2204/x86_64/``; its index lies there, or below `index`."""
    key: str
    """The signing key's file, relative to ``address``: ``3bf863cc.pub``, ``../../../gpgkey``."""
    fingerprints: tuple[str, ...]
    """Full fingerprints of the only primary keys that are trusted, upper-case hexadecimal."""
    packages: tuple[str, ...] = ()
    """Shell patterns of the only package names that may be taken from it."""
    label: str = "NVIDIA CUDA"
    """``Label:`` of an apt repository's Release file, by which pins know it: a mirror keeps it, and
    may share its host name with the distribution's archive (NVIDIA/cuda-repo-management writes
    "Origin: NVIDIA", "Label: NVIDIA CUDA")."""
    suite: str = ""
    """Suite of an apt repository that has suites: ``bookworm``; empty: a flat one."""
    component: str = ""
    """Component of that suite: ``stable``."""
    arch: str = ""
    """The package manager's name of the architecture, where a suite has several: ``amd64``."""
    source: str = "nvidia"
    """Its kind in ``mirrors`` and ``fingerprints`` of the host data."""
    signed: tuple[Literal["index", "packages"], ...] = ("index", "packages")
    """What a dnf repository signs (``repo_gpgcheck``, ``gpgcheck``); apt always asks for the
    index."""

    @property
    def key_address(self) -> str:
        """Whole address of the key."""
        return urljoin(self.address, self.key)

    @property
    def index(self) -> str:
        """Whole address of the folder with the index (apt: ``Release``; dnf: ``repodata/``)."""
        return f"{self.address}dists/{self.suite}/" if self.suite else self.address

    @property
    def packages_index(self) -> str:
        """Whole address of the folder with apt's ``Packages``."""
        if not self.suite:
            return self.address
        return f"{self.index}{self.component}/binary-{self.arch}/"


@dataclass(frozen=True)
class DriverPlan:
    """The kernel driver and its user-space libraries."""

    branch: str
    version: str
    """The newest version of the branch that the catalogue has seen for this host's origin."""
    flavour: Flavour
    origin: Origin
    packages: tuple[str, ...]
    """Installed, headless: module source, libraries, nvidia-smi, persistenced."""
    held: tuple[str, ...]
    """Shell patterns of package names that move only together (holds and pins)."""
    headers: tuple[str, ...]
    """Metapackages that keep headers with the kernel flavour (``linux-headers-cloud-amd64``)."""
    components: tuple[str, ...] = ()
    """Archive components that must be enabled (``contrib``, ``non-free``)."""
    floor: str = ""
    """The lowest driver version that all parts of the plan accept."""
    eol: str | None = None
    disk_mb: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package to exact version or pattern (``580.178.04-*``); a package that is not named here
    comes in the version that its archive has."""
    pinning: tuple[str, ...] = ()
    """Packages that pin the branch, installed in a transaction of their own before the driver
    (``nvidia-driver-pinning-580``)."""
    stream: str = ""
    """dnf module stream that must be enabled before: ``nvidia-driver:580-open``."""
    modules: Literal["dkms", "precompiled"] = "dkms"
    """Built on the host, or signed and shipped by the distribution for its own kernels."""
    fabric_manager: str = ""
    """Package of the Fabric Manager (one of ``packages``), where an NVSwitch needs it."""
    replaces: str = ""
    """``535 from nvidia``: the driver that is there and goes in the same run, because the user
    asked for another branch or origin by name."""
    kernels: KernelPlan = field(default_factory=KernelPlan)
    """Kernels that get no module, and one that comes."""


@dataclass(frozen=True)
class Download:
    """One file by address and digest. ``path`` is relative to ``base``."""

    name: str
    base: str
    path: str
    sha256: str
    size: int | None = None
    """Bytes, where the source tells."""

    @property
    def url(self) -> str:
        """The whole address."""
        return self.base.rstrip("/") + "/" + self.path


@dataclass(frozen=True)
class CudaPlan:
    """The system CUDA toolkit."""

    version: str
    """``11.8``."""
    release: str
    """What ``nvcc --version`` prints: ``V11.8.89``."""
    origin: Origin
    purpose: Literal["compile", "runtime"]
    packages: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()
    components: tuple[str, ...] = ()
    prefix: str = ""
    """Toolkit root: ``/usr/lib/cuda`` for Debian's layout, ``/usr/local/cuda-11.8`` for redist."""
    nvcc: str = ""
    """Absolute path of nvcc on the host, empty for runtime only."""
    host_compiler: str = ""
    """Absolute path of the C++ compiler that is given to nvcc only (``/usr/bin/g++-11``)."""
    compiler_packages: tuple[str, ...] = ()
    sm: tuple[str, ...] = ()
    """Compute capabilities that this toolkit can compile for (``8.0``)."""
    held: tuple[str, ...] = ()
    """Shell patterns of package names that are held and pinned together."""
    disk_mb: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package to exact version or pattern, as in `DriverPlan`."""
    compat: str = ""
    """Folder of a newer user-mode driver that this toolkit's programs must load, where the host's
    own is older than the toolkit: ``/usr/local/cuda-11.8/compat`` on a Jetson."""


@dataclass(frozen=True)
class CudnnPlan:
    """The system cuDNN beside the toolkit."""

    version: str
    """Full version: ``8.9.6.50``."""
    origin: Origin
    prefix: str
    """Its own folder with ``include/`` and ``lib/``: ``/opt/gpuwright/cudnn/8.9.6.50-cuda11``."""
    wheel: str = ""
    """Requirement, pinned and hashed, for origin ``wheels``:
    ``nvidia-cudnn-cu11==8.9.6.50 --hash=sha256:…``."""
    index: str | None = None
    download: Download | None = None
    disk_mb: int = 0
    packages: tuple[str, ...] = ()
    """Packages, for origin ``nvidia``: ``libcudnn8``, ``libcudnn8-dev``."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package to exact version: ``8.9.7.29-1+cuda11.8``."""
    held: tuple[str, ...] = ()
    """Shell patterns of package names that are held and pinned together."""


@dataclass(frozen=True)
class TorchPlan:
    """The managed venv and what torch brings into it."""

    version: str
    variant: str
    """``cu128``."""
    cuda: str
    """The wheel's own CUDA: ``12.8``."""
    cudnn: str
    """The wheel's own cuDNN: ``9.10.2.21``."""
    sm: tuple[str, ...]
    python: str
    """Minor version: ``3.11``."""
    python_packages: tuple[str, ...]
    """Distribution packages that give this interpreter (``python3``)."""
    index: str | None
    """Package index that has torch itself, or ``None`` for the client's configured default. The
    default serves everything else."""
    lock: str
    """Name of the lock file below ``stacks/locks/``."""
    locked: bool
    """Whether that lock file is there."""
    env_digest: str
    """First 12 hex digits of the digest over the lock's text: names the venv folder."""
    default_index: str | None = None
    """Package index for everything but torch itself, where host data name a mirror."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Top-level packages of the venv and their versions (torch, nvidia-ml-py …)."""
    disk_mb: int = 0
    bundled: bool = True
    """Whether the wheel brings its CUDA and cuDNN; ``False``: it loads JetPack's."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Packages of the system that such a wheel needs beside JetPack's, to exact version or pattern;
    an empty one takes what the archive has."""
    links: tuple[str, ...] = ()
    """Libraries of these that lie outside of the loader's path and are linked beside torch's."""


@dataclass(frozen=True)
class JetsonPlan:
    """What Jetson Linux brings itself, and what of it must not move."""

    l4t: str
    """``36.4.7``."""
    jetpack: str
    """``6.2.1``."""
    cuda: str
    """JetPack's own CUDA: ``12.6``."""
    cudnn: str | None
    """JetPack's own cuDNN: ``9.3``; None: the catalogue does not know."""
    held: tuple[str, ...]
    """Shell patterns of packages that nobody but JetPack's own upgrade may move."""


@dataclass(frozen=True)
class Plan:
    """All that is decided for one host. Tasks, verification and reports read only this."""

    stack: str
    os: str
    arch: str
    gpus: tuple[Gpu, ...]
    driver: DriverPlan | None
    cuda: CudaPlan | None
    cudnn: CudnnPlan | None
    torch: TorchPlan | None
    reasons: tuple[Reason, ...] = ()
    notices: tuple[Notice, ...] = ()
    support_parts: tuple[PartSupport, ...] = ()
    """How far our tests have carried each part out."""
    support: Level = field(init=False)
    """The lowest of them."""
    repositories: tuple[Repository, ...] = ()
    """Repositories that the host needs for this plan, beside its distribution's own."""
    jetson: JetsonPlan | None = None
    """Set on a Jetson only, where ``driver`` is always ``None``."""
    containers: ContainerPlan | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "support", lowest(self.support_parts))

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over what is installed: reasons and notices do not count."""
        body = {
            "stack": self.stack,
            "driver": self.driver and _lasting(self.driver),
            "cuda": self.cuda and asdict(self.cuda),
            "cudnn": self.cudnn and asdict(self.cudnn),
            "torch": self.torch and asdict(self.torch),
            "jetson": self.jetson and asdict(self.jetson),
        }
        if self.containers:  # A host without containers keeps the digest that it has recorded.
            body["containers"] = asdict(self.containers)
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _lasting(driver: DriverPlan) -> dict[str, Any]:
    """The driver without what is true of one run only: a move, and what its kernels lack."""
    body = asdict(replace(driver, replaces=""))
    del body["kernels"]
    return body


@dataclass(frozen=True)
class Resolution:
    """The resolver's answer: a plan, or at least one conflict; never both, never neither."""

    plan: Plan | None
    conflicts: tuple[Conflict, ...]
