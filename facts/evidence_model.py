"""What a driver doctor needs beyond `facts.model.host.HostState`: logs, copies, nodes, containers.

Values only. ``None`` means "not known"; the reason is in ``unread`` under the field's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.engine_model import Engine, Node
from facts.model.shown import Shown


@dataclass(frozen=True)
class BuildLog(Shown):
    """A ``make.log`` that DKMS left."""

    path: str
    kernel: str | None
    """The kernel that its first line names."""
    lines: tuple[str, ...]
    """The lines that speak of errors, and the last ones, in their order."""


@dataclass(frozen=True)
class Headers(Shown):
    """About a kernel whose headers are not there."""

    link: str | None
    """Where its ``build`` link leads, into the void; None: there is no link."""
    offered: str | None
    """The version of them that the package manager offers; empty: none; None: not known."""


@dataclass(frozen=True)
class InitramfsCopy(Shown):
    """A module ``nvidia`` inside an initramfs."""

    kernel: str
    image: str
    path: str
    """Its path inside the image, without a slash in front."""
    size: int
    older: bool
    """The image is older than the file of the same path on the disk, or there is no such file."""
    disk_size: int | None
    """Bytes of the file on the disk; None: there is none."""


@dataclass(frozen=True)
class Holder(Shown):
    """A process that has a ``/dev/nvidia*`` open."""

    pid: int
    name: str
    container: str | None
    """Id or name of the container that it runs in."""


@dataclass(frozen=True)
class Smi(Shown):
    """What ``nvidia-smi -L`` said; it is run only where the module is loaded."""

    code: int
    """Its exit status; 124: no answer within the time."""
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Login(Shown):
    """What an ordinary login finds; it was made for nobody, who may do no more than others."""

    files: tuple[str, ...] = ()
    """``/etc/environment:PYTHONPATH=/srv``: lines that set variables for everybody."""
    stopped: str | None = None
    """The folder on the way to the environment that it may not enter, with mode and owner."""
    devices: tuple[str, ...] = ()
    """NVIDIA's device files that it may not open, with mode and owner."""
    reached: bool = False
    """Whether the way was open; the environment's Python was then started without ``-I``."""
    prefix: str | None = None
    """The environment that this Python takes itself to be of; None: it did not start."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of those that change modules, libraries or GPUs: as the program sees them."""
    paths: tuple[str, ...] = ()
    """Folders of ``sys.path`` that are neither the environment's nor the interpreter's."""
    hides: tuple[str, ...] = ()
    """``/srv: numpy``: modules of one of them that stand before the environment's own."""
    torch: str | None = None
    """The file that ``import torch`` reads; empty: there is none; None: not known."""
    version: str | None = None
    """Of torch, where it was imported."""
    why: str | None = None
    """What stopped it, in Python's words."""


@dataclass(frozen=True)
class Evidence(Shown):
    """Everything that one further round trip brings."""

    build_logs: tuple[BuildLog, ...] = ()
    kernel_log: tuple[str, ...] | None = None
    """Lines of this boot that speak of NVIDIA, nouveau, refused modules or lack of memory."""
    uptime_s: float | None = None
    headers: Mapping[str, Headers] = field(default_factory=dict)
    """By kernel, for those asked about that have none."""
    initramfs: tuple[InitramfsCopy, ...] | None = None
    blocks: tuple[str, ...] = ()
    """Lines of modprobe's whole configuration that keep nvidia from loading."""
    gsp_firmware: tuple[str, ...] = ()
    """Driver versions with a ``gsp_*.bin``."""
    nodes: tuple[Node, ...] = ()
    majors: Mapping[str, int] = field(default_factory=dict)
    """Major numbers of ``/proc/devices`` by name: ``nvidia-uvm`` …"""
    holders: tuple[Holder, ...] = ()
    fabric_log: tuple[str, ...] = ()
    """The Fabric Manager's complaints of this boot."""
    broken: tuple[str, ...] | None = None
    """What ``apt-get check`` or ``dnf check`` complains about; empty: nothing."""
    upgrades: tuple[str, ...] = ()
    """Recent transactions of apt that touched NVIDIA's, CUDA's or Docker's packages."""
    smi: Smi | None = None
    engine: Engine = field(default_factory=Engine)
    claims: tuple[str, ...] = ()
    """Lines that give a card of NVIDIA's to another driver at boot: vfio-pci, pci-stub."""
    next_cmdline: tuple[str, ...] = ()
    """Words about modules on the command lines of the boot menu: ``module_blacklist=nvidia``."""
    login: Login | None = None
    """None: there is no environment of ours, or nobody could look as an ordinary user."""
    unread: Mapping[str, str] = field(default_factory=dict)
