"""The double of NVIDIA's apt repository for hosts that run containers.

Its user space goes by device files instead of the simulated bus: the same GPUs in a container as
were given to it, and none once it may not open them any more.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.doubles.deb import Deb, File
from sandbox.doubles.nvidia import AptDouble

GPU_NAME = "NVIDIA H100 80GB HBM3"
"""What each GPU is called, whatever is on the bus: a container does not see the host's bus."""
_PAYLOADS = Path(__file__).with_name("payloads")


@dataclass(frozen=True)
class DeviceDouble(AptDouble):
    """NVIDIA's apt repository for one distribution, for hosts with ``engines``."""

    name: str = "devices"

    def _packages(self, state: dict[str, Any]) -> list[Deb]:
        # The container toolkit's packages are empty in that double, and apt could take them for
        # those of `sandbox.doubles.toolkit`, which have the same versions.
        return [_by_devices(p) for p in super()._packages(state) if "container" not in p.name]


def _by_devices(package: Deb) -> Deb:
    version = package.version.rsplit("-", 1)[0]
    files = {path: _other(path, file, version) for path, file in package.files.items()}
    return replace(package, files=files)


def _other(path: str, file: File, version: str) -> File:
    name = path.rsplit("/", 1)[-1]
    if name.startswith("libnvidia-ml.so") and file.compiled:
        flags = [flag for flag in file.compiled if flag != "-nostdlib"]
        text = (_PAYLOADS / "libnvidia-ml-devices.c").read_text()
        return File(text, compiled=(*flags, f'-DGW_NAME="{GPU_NAME}"'))
    if name == "nvidia-smi":
        text = (_PAYLOADS / "nvidia-smi-devices.c").read_text()
        return File(text, compiled=("-O1", f'-DGW_VERSION="{version}"'))
    return file
