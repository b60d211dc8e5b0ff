"""All of it: one host's state out of one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.model.boot import Kernels
from facts.model.driver import DkmsBuild, Driver, Nouveau
from facts.model.packages import Package, PackageManager
from facts.model.settings import HostSettings
from facts.model.shown import Shown
from facts.model.signing import SigningKey
from facts.model.software import Compiler, CudaToolkit, Cudnn, Nccl, Python, Setting, Venv
from facts.model.system import Jetson, Job, Login, Mount, PciDevice, System, Unit


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
    """Whether it is in force: not where a person has switched shim's validation off."""
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

    others: HostSettings = field(default_factory=HostSettings)
    """What others have set for all logins and for the package managers."""
    unwritable: tuple[str, ...] = ()
    """Paths among those of ``mounts``, and ``/var/tmp``, where not even root may write."""
    modes: Mapping[str, int] = field(default_factory=dict)
    """Permissions of ``/tmp`` and ``/var/tmp``, with the sticky bit."""
    shared: Mapping[str, str] = field(default_factory=dict)
    """Folders on the way to root's own files that others may change, and why they may."""
    signed_only: str = ""
    """What makes the running kernel refuse unsigned modules: ``lockdown=integrity`` or
    ``module.sig_enforce=1``; empty: nothing does. Secure Boot switches the lockdown on."""
    modules_locked: str = ""
    """What keeps the running kernel from loading any module until it boots again, with the files
    that say so: ``kernel.modules_disabled=1 (/etc/sysctl.d/99-cis.conf)``; empty: nothing does."""
    shim: bool = False
    """Whether shim booted it: only then can mokutil ask for a key's enrolment."""
    signing_keys: tuple[SigningKey, ...] = ()
    """Keys of this machine that modules may be signed with, the one of DKMS first."""
    asked_s: float | None = None
    """What the clock of the machine that asked said then, in seconds since 1970."""

    @property
    def gpus(self) -> tuple[PciDevice, ...]:
        """The GPUs among the NVIDIA functions."""
        return tuple(d for d in self.pci if d.is_gpu)
