"""What the resolver knows of a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stacks.model.kernels import KernelOffers
from stacks.model.requests import Flavour


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU on the PCI bus (or asked about on the command line).

    ``model`` is a key of ``catalog/gpus.yaml`` or ``None`` for a card that the catalogue does not
    know; ``pci_id`` is the device id in lower-case hexadecimal (``2330``).
    """

    model: str | None
    pci_id: str | None = None
    address: str | None = None


DEVICE = "10de:"
"""NVIDIA's vendor id, before the device id of a card that no name is known of: ``10de:ffff``."""


def gpu_of(word: str) -> Gpu:
    """The GPU of a key of the catalogue, or of ``10de:`` and a device id."""
    if word.startswith(DEVICE):
        return Gpu(None, word.removeprefix(DEVICE))
    return Gpu(word)


@dataclass(frozen=True)
class InstalledDriver:
    """An NVIDIA driver that is already on the host."""

    version: str
    origin: str
    """``debian``, ``nvidia``, ``runfile``, ``ppa:…`` or ``unknown``."""
    flavour: Flavour | None = None


@dataclass(frozen=True)
class InstalledEngine:
    """A container engine that is already on the host."""

    version: str
    """Upstream: ``26.1.5``."""
    origin: str
    """``distribution``, ``docker`` (Docker's own repository), ``snap`` or ``unknown``."""


@dataclass(frozen=True)
class HostProfile:
    """A host as the resolver needs to know it. ``None`` means unknown, never "no"."""

    os: str
    """``debian-12``, ``ubuntu-24.04``, ``rocky-9`` …; in any form that `stacks.catalog.releases`
    understands."""
    arch: str
    """``x86_64`` or ``aarch64``."""
    gpus: tuple[Gpu, ...] = ()
    expected_gpus: tuple[Gpu, ...] = ()
    """GPUs that are not there yet (an image that is baked before the GPU is attached)."""
    gpu_like: str | None = None
    """Key of the GPU that stands for each one that the catalogue does not know."""
    capabilities: Mapping[str, str] = field(default_factory=dict)
    """Compute capability (``12.0``) by PCI address, as the loaded driver tells it."""
    kernel_running: str | None = None
    kernel_next_boot: str | None = None
    kernels: tuple[str, ...] = ()
    """Every kernel release that is installed and can boot."""
    kernel_headers: tuple[str, ...] = ()
    """Those whose headers are on the host."""
    kernel_options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kernel to those of its settings that the catalogue asks about (``CONFIG_PREEMPT_RT``) and
    that are ``y``; a kernel whose settings are not known is not in it."""
    kernel_offers: KernelOffers | None = None
    """What the package sources have for kernels without headers, once they were asked."""
    kernel_newest_boots: bool = True
    """Whether a newer kernel boots next once it is there: the boot menu names none."""
    secure_boot: bool | None = None
    signed_only: str = ""
    """What else makes the kernel take signed modules only: ``lockdown=integrity``."""
    key_enrolled: bool | None = None
    """Whether the kernel takes what DKMS signs here."""
    glibc: str | None = None
    pythons: tuple[str, ...] | None = None
    """Minor versions (``3.11``) that are on the host. Those of the distribution's archive, which
    the catalogue knows, can be had too and are preferred; ``None`` = unknown."""
    jetson_l4t: str | None = None
    """Release of Jetson Linux: ``36.4.7``; ``None``: this is no Jetson."""
    jetson_soc: str | None = None
    """A Jetson's own chip, whose GPU is on no PCI bus: ``tegra234``."""
    security_pocket: bool | None = None
    driver: InstalledDriver | None = None
    docker: InstalledEngine | None = None
    toolkit: str | None = None
    """Version of NVIDIA Container Toolkit that is installed: ``1.20.0``."""
    indexes: Mapping[str, str] = field(default_factory=dict)
    """Package indexes or mirrors that host data names (``pypi``, ``pytorch``, ``redist``,
    ``nvidia``, ``toolkit``, ``docker``)."""
    nvswitch: bool = False
    """An NVSwitch is on the PCI bus: CUDA waits for the Fabric Manager."""
    fingerprints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys that host data trusts for a repository instead of the catalogue's, by kind
    (``nvidia``, ``toolkit``, ``docker``): for a mirror that signs again, or after a rotation."""
    available: Mapping[str, tuple[str, ...]] | None = None
    """Package to versions that the planned repositories offer (once they were asked) or that are
    installed already."""
    like: tuple[str, ...] = ()
    """What its ``/etc/os-release`` says it is like (``ID_LIKE``), nearest first."""
    codename: str | None = None
    """Of its release, or of the one that it is made from: ``bookworm``."""
    gpu_names: Mapping[str, str] = field(default_factory=dict)
    """Key of a GPU to the name that a person used for it, where one id has several: ``A2``."""
