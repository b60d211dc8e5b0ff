"""What running code on the host answers: CUDA calls, torch, NVML. Values only, no pyinfra.

``None`` means "not known"; ``why`` says why there is no answer at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown


@dataclass(frozen=True)
class CudaDevice(Shown):
    """One device as the CUDA driver API sees it."""

    index: int
    name: str | None = None
    pci: str | None = None
    """``0000:17:00.0``."""
    memory_mb: int | None = None
    capability: str | None = None
    """Compute capability: ``9.0``."""
    memory_ok: bool | None = None
    """1 MiB written to the device and read back was the same."""
    error: str | None = None
    """The call that failed, its code and name."""


@dataclass(frozen=True)
class CudaAnswer(Shown):
    """The CUDA driver's answer to cuInit and cuDeviceGetCount, and a memory check per device."""

    code: int | None
    """CUresult; 0 is success, 100 no device; None where no call was made (see ``why``)."""
    name: str | None = None
    """``CUDA_ERROR_NO_DEVICE`` …"""
    text: str | None = None
    """The driver's sentence for the code."""
    call: str | None = None
    """Which call the code is from: ``cuInit`` or ``cuDeviceGetCount``."""
    cuda: str | None = None
    """The CUDA version that the driver library speaks: ``12.2``."""
    library: str | None = None
    """The ``libcuda.so`` that was loaded."""
    count: int | None = None
    devices: tuple[CudaDevice, ...] = ()
    python: str | None = None
    """The interpreter that ran the call."""
    why: str | None = None
    """Why there is no answer: no libcuda, no Python, killed, timed out."""

    @property
    def works(self) -> bool:
        """At least one device, and every device kept what was written to it."""
        return bool(self.code == 0 and self.devices and all(d.memory_ok for d in self.devices))

    @property
    def sentence(self) -> str:
        """The answer in one line, for a verdict's ``proof``."""
        if self.code is None:
            return f"no CUDA call was possible: {self.why}"
        if self.code:
            return f"{self.call} answers {self.code} {self.name or '(unknown code)'}"
        bad = [d for d in self.devices if not d.memory_ok]
        if bad:
            return f"device {bad[0].index}: {bad[0].error or 'memory read back differs'}"
        names = ", ".join(d.name or "?" for d in self.devices)
        return f"cuda-call ({self.count} × memory check: {names})" if names else "no device"


@dataclass(frozen=True)
class TorchAnswer(Shown):
    """What ``import torch`` in one environment answers."""

    venv: str
    version: str | None = None
    """``2.9.1+cu128``; None where torch cannot be imported (see ``why``)."""
    cuda: str | None = None
    """The CUDA that this torch is built with: ``12.8``; None: a build without CUDA."""
    cudnn: str | None = None
    """The cuDNN that torch loaded: ``9.10.2``."""
    nccl: str | None = None
    arch_list: tuple[str, ...] = ()
    """``sm_90`` …, as built in."""
    available: bool | None = None
    """``torch.cuda.is_available()``."""
    devices: tuple[str, ...] = ()
    computed: bool | None = None
    """A small sum on the first device was right."""
    cuda_error: str | None = None
    """What ``torch.cuda.init()`` raised, where CUDA is not available."""
    driver_code: int | None = None
    """cuInit's own answer in the same process; None where libcuda could not be loaded."""
    driver_name: str | None = None
    driver_cuda: str | None = None
    """The CUDA version that the driver library speaks."""
    driver_loaded: str | None = None
    """Version of the loaded kernel module; None: none is loaded."""
    driver_why: str | None = None
    """Why libcuda could not be loaded."""
    device_nodes: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    """cuDNN, cudart, cuBLAS, NCCL and libcuda files in the process."""
    ld_library_path: str | None = None
    python: str | None = None
    warnings: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    """Field → the exception that asking for it raised."""
    why: str | None = None
    """Why there is no answer: no such environment, torch does not import, timed out."""


@dataclass(frozen=True)
class NvmlGpu(Shown):
    """One GPU as NVML reports it. None: the card does not support the question."""

    index: int
    name: str | None = None
    uuid: str | None = None
    serial: str | None = None
    pci: str | None = None
    """``0000:17:00.0``."""
    memory_mb: int | None = None
    """Whole framebuffer, MiB."""
    capability: str | None = None
    """Only the Python way tells it."""
    vbios: str | None = None
    persistence: bool | None = None
    ecc: bool | None = None
    mig: bool | None = None
    power_limit_w: float | None = None
    power_w: float | None = None
    temperature_c: int | None = None
    pcie_generation: int | None = None
    pcie_generation_max: int | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class NvmlInventory(Shown):
    """All GPUs that the driver manages."""

    source: str | None
    """``nvidia-ml-py`` or ``nvidia-smi``; None where neither is there."""
    driver: str | None = None
    cuda: str | None = None
    """The newest CUDA that this driver serves."""
    gpus: tuple[NvmlGpu, ...] = ()
    why: str | None = None
    """Why there is no inventory: no driver, no tool, timed out, or the tool's own words."""
