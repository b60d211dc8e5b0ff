"""The words that facts answer in.

Every type is a frozen value. ``None`` always means «not known», never «no»; the reason stands in
`HostState.unread` under the dotted name of the field (``secure_boot``, ``kernels.next_boot``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


class Shown:
    """A value that can be printed as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """The value as plain dictionaries, lists and scalars."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    def to_json(self) -> dict[str, Any]:
        """What ``pyinfra --json … fact`` prints."""
        return self.to_dict()


@dataclass(frozen=True)
class Login(Shown):
    """Who we are on the host."""

    user: str
    uid: int
    root: bool
    """Whether commands of the probe ran as root (directly or through ``sudo -n``)."""
    sudo_error: str | None = None
    """What ``sudo -n true`` said where it failed."""


@dataclass(frozen=True)
class System(Shown):
    """Distribution, machine and boot."""

    os: str
    """``debian-12``: ID and VERSION_ID of ``/etc/os-release``."""
    codename: str | None
    pretty: str
    arch: str
    """``x86_64``, ``aarch64``: ``uname -m``."""
    glibc: str | None
    hostname: str
    boot_id: str | None
    cpus: int | None
    memory_mb: int | None
    container: str | None
    """``systemd-nspawn``, ``docker``, ``lxc`` …; empty string: no container; None: unknown."""
    virtual_machine: str | None
    """``kvm``, ``qemu``, ``microsoft`` …; empty string: none seen; None: unknown."""
    systemd: bool
    """Whether systemd is PID 1."""
    cloud_init: str | None
    """``absent``, ``done``, ``running``, ``error``, ``disabled``, ``not-run``."""
    cmdline: str | None = None
    """The running kernel's command line."""


@dataclass(frozen=True)
class PciDevice(Shown):
    """One NVIDIA function on the PCI bus, read from sysfs, before any driver."""

    address: str
    """``0000:17:00.0``."""
    device: str
    """Device id in lower-case hexadecimal: ``2330``."""
    pci_class: str
    """Six hex digits: ``030200`` (3D controller), ``068000`` (NVSwitch)."""
    subsystem: str | None
    """``10de:16c1``."""
    driver: str | None
    """Bound kernel driver (``nvidia``, ``nouveau``, ``vfio-pci``); empty string: none."""
    name: str | None
    """What ``lspci`` calls it, where pciutils is there."""

    @property
    def is_gpu(self) -> bool:
        """VGA (0300) or 3D (0302) controller."""
        return self.pci_class[:4] in ("0300", "0302")


@dataclass(frozen=True)
class Kernel(Shown):
    """One installed kernel."""

    release: str
    bootable: bool
    """A ``vmlinuz`` and a modules folder are there."""
    headers: bool
    """``/lib/modules/<release>/build`` leads to a folder with a Makefile."""
    compiler: str | None
    """``CONFIG_CC_VERSION_TEXT`` of its config."""


@dataclass(frozen=True)
class BootMenu(Shown):
    """What GRUB was told about which entry to boot. Files of ours are left out."""

    config: str
    """Path of ``grub.cfg``."""
    default: str
    """The last ``GRUB_DEFAULT`` of ``/etc/default/grub`` and its drop-ins; ``0`` where none is."""
    default_in: str
    """The file that says so; empty: none."""
    saves: bool
    """``GRUB_SAVEDEFAULT``: what a person picks in the menu becomes the default."""
    update_default: str | None
    """``UPDATEDEFAULT`` of the Red Hat family's ``/etc/sysconfig/kernel``, with what follows it on
    its line."""


@dataclass(frozen=True)
class Kernels(Shown):
    """Running, installed, and the one that boots next."""

    running: str
    installed: tuple[Kernel, ...]
    next_boot: str | None
    next_boot_why: str
    """How it was found: ``grub default``, ``newest installed`` …"""
    menu: BootMenu | None = None
    """None: GRUB is not here."""


@dataclass(frozen=True)
class ModuleFile(Shown):
    """An ``nvidia*.ko*`` file under ``/lib/modules``."""

    kernel: str
    path: str
    name: str | None
    """Module name of modinfo: ``nvidia``, ``nvidia_current`` …"""
    version: str | None
    vermagic: str | None
    license: str | None
    signer: str | None


@dataclass(frozen=True)
class Library(Shown):
    """A shared library that the loader finds or that we know the place of."""

    soname: str
    path: str
    """The real file, links followed."""
    version: str | None
    """Version in the file name: ``535.309.01``."""


@dataclass(frozen=True)
class Driver(Shown):
    """The NVIDIA driver in its three versions."""

    loaded: str | None
    """Version of the loaded module; empty string: no module is loaded."""
    loaded_flavour: str | None
    """``open`` or ``proprietary``."""
    modules: tuple[ModuleFile, ...]
    libraries: tuple[Library, ...]
    """libcuda, libnvidia-ml and fellows as ldconfig lists them."""
    device_nodes: tuple[str, ...]
    """``/dev/nvidia*`` that exist."""
    runfile: str | None
    """Path of ``nvidia-uninstall`` or the runfile's log, where a runfile was used; else None."""
    loaded_modules: tuple[str, ...] = ()
    """Which of nvidia, nvidia_uvm, nvidia_drm, nvidia_modeset, nvidia_peermem are loaded."""
    firmware: tuple[str, ...] = ()
    """Versions with a folder under ``/lib/firmware/nvidia``."""
    blocked_in: tuple[str, ...] = ()
    """modprobe.d files that keep the nvidia module itself from loading."""


@dataclass(frozen=True)
class DkmsBuild(Shown):
    """One build in DKMS's tree ``/var/lib/dkms`` (or one source that is only added)."""

    module: str
    version: str
    kernel: str | None
    arch: str | None
    state: str
    """``added``, ``built`` or ``installed``."""
    log: str | None = None
    """A ``make.log`` left in the build folder: a build that failed, or runs right now."""


@dataclass(frozen=True)
class Package(Shown):
    """A package that dpkg or rpm knows."""

    name: str
    version: str
    status: str
    """dpkg's three letters, trimmed: ``ii``, ``iF``, ``rc``, ``hi`` …"""
    origin: str | None
    """The archive's ``o=`` label where apt still knows it: ``Debian``, ``NVIDIA`` …; of an rpm the
    repository's id in dnf's history (``NVIDIA`` for NVIDIA's own), else its vendor."""

    @property
    def installed(self) -> bool:
        """Unpacked and configured."""
        return self.status[1:2] == "i"


@dataclass(frozen=True)
class LockHolder(Shown):
    """A process that holds one of apt's or dpkg's locks."""

    path: str
    pid: int
    command: str


@dataclass(frozen=True)
class AptSource(Shown):
    """One enabled source, from ``.list`` or deb822 ``.sources`` files."""

    file: str
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DnfRepository(Shown):
    """One repository of a ``.repo`` file."""

    file: str
    name: str
    """Its id: ``baseos``, ``epel``, ``cuda-rhel9-x86_64``."""
    addresses: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True)
class PackageManager(Shown):
    """State of apt and dpkg, or of dnf and rpm."""

    kind: str
    """``apt``, ``dnf`` or ``unknown``."""
    locks: tuple[LockHolder, ...]
    half_configured: tuple[str, ...]
    """``name status`` for every package that is neither installed nor cleanly absent; on rpm
    ``name twice`` for one whose update was cut off."""
    broken: str | None
    """First lines of what ``dpkg --audit`` complains about; empty string: nothing."""
    holds: tuple[str, ...]
    sources: tuple[AptSource, ...]
    ppas: tuple[str, ...]
    """Sources that are Launchpad archives."""
    unattended_upgrades: bool | None
    lists_age_s: int | None
    """Seconds since the newest package list was fetched; None: no list."""
    foreign_architectures: tuple[str, ...] = ()
    architecture: str | None = None
    """dpkg's own: ``amd64``."""
    repositories: tuple[DnfRepository, ...] = ()
    """dnf's, enabled or not."""
    streams: Mapping[str, str] = field(default_factory=dict)
    """dnf module to its enabled stream: ``nvidia-driver`` to ``580-open``."""


@dataclass(frozen=True)
class Nouveau(Shown):
    """The free driver that takes the card where nobody stops it."""

    loaded: bool | None
    blacklisted_in: tuple[str, ...]
    """modprobe.d files that blacklist it."""


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
class Mount(Shown):
    """Free space where a path lives."""

    path: str
    device: str
    free_mb: int
    size_mb: int
    free_inodes: int | None


@dataclass(frozen=True)
class Unit(Shown):
    """A systemd unit of interest."""

    name: str
    active: str
    enabled: str
    """``enabled``, ``disabled``, ``static``, ``masked``, ``not-found`` …"""


@dataclass(frozen=True)
class Job(Shown):
    """A long step that runs, or ran, as a transient unit of ours."""

    name: str
    active: str
    exit_code: int | None


@dataclass(frozen=True)
class Setting(Shown):
    """A line that changes what every program of the host loads or sees."""

    file: str
    text: str


@dataclass(frozen=True)
class Jetson(Shown):
    """A Jetson's own identity."""

    l4t: str | None
    """``36.4.7``."""
    model: str | None
    soc: str | None
    """``tegra234``."""
    jetpack: str | None = None
    """Version of the package nvidia-jetpack: ``6.2.1+b38``; None: it is not installed, which a
    board can do without."""
    power_mode: str | None = None
    """``MAXN``, ``15W`` … as nvpmodel calls it."""


@dataclass(frozen=True)
class HostState(Shown):
    """Everything cheap about one host, gathered in one round trip."""

    login: Login
    system: System
    pci: tuple[PciDevice, ...]
    kernels: Kernels
    driver: Driver
    dkms: tuple[DkmsBuild, ...] | None
    packages: Mapping[str, Package]
    """By name; packages of a foreign architecture as ``name:arch``."""
    package_manager: PackageManager
    secure_boot: bool | None
    nouveau: Nouveau
    cuda: tuple[CudaToolkit, ...]
    cudnn: tuple[Cudnn, ...]
    nccl: tuple[Nccl, ...]
    compilers: tuple[Compiler, ...]
    pythons: tuple[Python, ...]
    venvs: tuple[Venv, ...]
    current_venv: str | None
    """What the stable link points to; None: no link."""
    mounts: Mapping[str, Mount]
    """By path asked: ``/``, ``/usr``, ``/var``, ``/opt``, ``/tmp``, ``/boot``."""
    units: Mapping[str, Unit]
    jobs: Mapping[str, Job]
    jetson: Jetson | None
    """None: this is no Jetson."""
    managed_files: Mapping[str, str]
    """Files that carry our name (path → sha256): modprobe.d, apt, profile, units …"""
    record: Mapping[str, Any] | None
    """``/var/lib/gpuwright/state.json`` as data; None: there is none."""
    pip_index: str | None
    """``index-url`` of the host's own pip configuration."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Field → why it could not be read."""
    cudnn_link: str | None = None
    """What ``/opt/gpuwright/cudnn-8`` leads to; None: no link."""
    settings: tuple[Setting, ...] = ()
    """Loader and CUDA settings for all users: ld.so.conf.d lines that name cuda, cudnn or nvidia,
    ``ld.so.preload``, ``LD_LIBRARY_PATH`` and fellows in environment and profile files."""

    @property
    def gpus(self) -> tuple[PciDevice, ...]:
        """The GPUs among the NVIDIA functions."""
        return tuple(d for d in self.pci if d.is_gpu)
