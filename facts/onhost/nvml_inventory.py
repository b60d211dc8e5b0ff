"""Runs on the host, in a managed environment: the GPUs as NVML reports them (nvidia-ml-py).

Prints one JSON object. A value that a card does not support is null.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

nvml: Any = importlib.import_module("pynvml")


def known(call: Any, *arguments: Any) -> Any:
    """The call's value, or None where NVML has none for this card."""
    try:
        value = call(*arguments)
    except nvml.NVMLError:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def first(value: Any) -> Any:
    """The current one of a pair (current, pending)."""
    return None if value is None else value[0]


def describe(index: int) -> dict[str, Any]:
    """One GPU."""
    try:
        gpu = nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError as error:
        return {"index": index, "error": str(error)}
    pci = known(lambda: nvml.nvmlDeviceGetPciInfo(gpu).busId)
    memory = known(nvml.nvmlDeviceGetMemoryInfo, gpu)
    limit = known(nvml.nvmlDeviceGetPowerManagementLimit, gpu)
    power = known(nvml.nvmlDeviceGetPowerUsage, gpu)
    capability = known(nvml.nvmlDeviceGetCudaComputeCapability, gpu)
    return {
        "index": index,
        "name": known(nvml.nvmlDeviceGetName, gpu),
        "uuid": known(nvml.nvmlDeviceGetUUID, gpu),
        "serial": known(nvml.nvmlDeviceGetSerial, gpu),
        "pci": pci.decode() if isinstance(pci, bytes) else pci,
        "memory_mb": memory.total // 2**20 if memory is not None else None,
        "capability": "{}.{}".format(*capability) if capability else None,
        "vbios": known(nvml.nvmlDeviceGetVbiosVersion, gpu),
        "persistence": known(nvml.nvmlDeviceGetPersistenceMode, gpu),
        "ecc": first(known(nvml.nvmlDeviceGetEccMode, gpu)),
        "mig": first(known(nvml.nvmlDeviceGetMigMode, gpu)),
        "power_limit_w": limit / 1000 if limit is not None else None,
        "power_w": power / 1000 if power is not None else None,
        "temperature_c": known(nvml.nvmlDeviceGetTemperature, gpu, nvml.NVML_TEMPERATURE_GPU),
        "pcie_generation": known(nvml.nvmlDeviceGetCurrPcieLinkGeneration, gpu),
        "pcie_generation_max": known(nvml.nvmlDeviceGetMaxPcieLinkGeneration, gpu),
        "pcie_width": known(nvml.nvmlDeviceGetCurrPcieLinkWidth, gpu),
        "pcie_width_max": known(nvml.nvmlDeviceGetMaxPcieLinkWidth, gpu),
    }


def main() -> dict[str, Any]:
    """Initialise NVML and describe every GPU."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return {"why": f"NVML: {error}", "code": error.value}
    try:
        cuda = known(nvml.nvmlSystemGetCudaDriverVersion_v2)
        return {
            "driver": known(nvml.nvmlSystemGetDriverVersion),
            "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
            "gpus": [describe(i) for i in range(nvml.nvmlDeviceGetCount())],
        }
    finally:
        nvml.nvmlShutdown()


print("##gpuwright-json " + json.dumps(main()))
