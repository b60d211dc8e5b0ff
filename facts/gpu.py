"""Single subjects of the probe, for people at the keyboard.

.. code:: console

    pyinfra inventories/lab.py fact facts.gpu.Gpus
    pyinfra --json inventories/lab.py fact facts.gpu.Driver facts.gpu.Kernels

Each asks the host once more. Code that needs two of them reads `facts.host.HostProbe` once.
"""

from __future__ import annotations

from typing import Any

from pyinfra.api import ShortFactBase
from typing_extensions import override

from facts.host import HostProbe
from facts.model.host import HostState


class _View(ShortFactBase[dict[str, Any]]):
    """Some fields of the host's state as plain data, with the reasons for what is missing."""

    fact = HostProbe
    fields: tuple[str, ...] = ()

    @override
    def process_data(self, data: HostState | None) -> dict[str, Any] | None:
        if data is None:  # The probe failed; pyinfra has said so.
            return None
        whole = data.to_dict()
        shown = {name: whole[name] for name in self.fields}
        unread = {key: why for key, why in data.unread.items() if key.split(".")[0] in self.fields}
        return {**shown, "unread": unread} if unread else shown


class Gpus(_View):
    """NVIDIA functions on the PCI bus, before any driver; a Jetson's identity."""

    fields = ("pci", "jetson")


class Driver(_View):
    """The driver as loaded, on disk and in user space; DKMS builds; nouveau."""

    fields = ("driver", "dkms", "nouveau")


class Kernels(_View):
    """Kernels: running, installed, with headers, and the one that boots next."""

    fields = ("kernels",)


class SecureBoot(_View):
    """Whether Secure Boot is on; null where it could not be told."""

    fields = ("secure_boot",)


class Toolkits(_View):
    """CUDA toolkits, cuDNN, NCCL and host compilers outside of Python environments."""

    fields = ("cuda", "cudnn", "nccl", "compilers")


class Torch(_View):
    """Managed Python environments and the versions in them, read without running them."""

    fields = ("venvs", "current_venv", "pythons", "pip_index")


class Packages(_View):
    """Every package that dpkg or rpm knows, and the state of the package manager."""

    fields = ("packages", "package_manager")


class PackageManager(_View):
    """Locks and their holders, half-configured packages, holds, sources."""

    fields = ("package_manager",)


class Managed(_View):
    """What gpuwright left on the host: files with digests, record, jobs, settings."""

    fields = ("managed_files", "record", "jobs", "settings")


class System(_View):
    """Distribution, machine, login, disks and units."""

    fields = ("login", "system", "mounts", "units")
