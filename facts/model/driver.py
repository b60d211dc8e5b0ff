"""The driver on a host: loaded, on the disk, built by DKMS, and the free one beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown


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
    capabilities: Mapping[str, str] = field(default_factory=dict)
    """Compute capability (``12.0``) by PCI address, as the loaded driver tells it; empty where no
    driver is loaded, or where it does not tell."""


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
class Nouveau(Shown):
    """The free driver that takes the card where nobody stops it."""

    loaded: bool | None
    blacklisted_in: tuple[str, ...]
    """modprobe.d files that blacklist it."""
