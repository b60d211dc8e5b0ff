"""The machine and its system: who we are there, distribution, PCI bus, disks, units, board."""

from __future__ import annotations

from dataclasses import dataclass, field

from facts.model.shown import Shown


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
    clock_s: int | None = field(default=None, compare=False)
    """What the host's clock says, in seconds since 1970; None: unknown."""
    resolver: str | None = None
    """Who answers for names: ``resolv.conf`` (a server that it names), ``systemd-resolved``,
    ``local`` (something on this machine); ``none``; None: unknown."""
    known_names: tuple[str, ...] = ()
    """Names and addresses of ``/etc/hosts``."""
    machine: str | None = None
    """A digest of ``/etc/machine-id``, which machine-id(5) wants kept to the host."""
    pid_namespace: str | None = None
    """``pid:[4026531836]``: of each kernel's containers another."""
    like: tuple[str, ...] = ()
    """``ID_LIKE`` of ``/etc/os-release``: distributions that it is made from, nearest first."""
    base_codename: str | None = None
    """``UBUNTU_CODENAME`` or ``DEBIAN_CODENAME``: the release that it is made from."""


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

    @property
    def is_nvswitch(self) -> bool:
        """NVIDIA's only devices of the class "Bridge, other" (0680)."""
        return self.pci_class.startswith("0680")


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
