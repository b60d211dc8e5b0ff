"""JSON that our programs print on the host → `facts.runtime` values.

Values of a wrong type count as not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facts.runtime import CudaAnswer, CudaDevice, NvmlGpu, NvmlInventory, TorchAnswer


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) and value else None


def _whole(data: Mapping[str, Any], key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    return float(value) if isinstance(value, int | float) and abs(value) < 1e9 else None


def _switch(data: Mapping[str, Any], key: str) -> bool | None:
    value = data.get(key)
    return bool(value) if isinstance(value, bool) or value in (0, 1) else None


def _rows(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = data.get(key)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def bus_address(text: str | None) -> str | None:
    """NVML's ``00000000:17:00.0`` as sysfs writes it: ``0000:17:00.0``."""
    if text is None:
        return None
    text = text.strip().lower()
    return text[4:] if text.startswith("0000") and text.find(":") == 8 else text


def cudnn_version(number: int | None) -> str | None:
    """91002 → ``9.10.2`` (from 9 on, two digits for the minor), 8906 → ``8.9.6``.

    Source: ``CUDNN_VERSION`` in ``cudnn_version.h`` of either series.
    """
    if number is None or number < 1000:
        return None
    if number >= 90000:
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    return f"{number // 1000}.{number // 100 % 10}.{number % 100}"


def cuda(data: Mapping[str, Any], python: str | None) -> CudaAnswer:
    """The answer of ``onhost/cuda_call.py``."""
    devices = tuple(
        CudaDevice(
            index=_whole(row, "index") or 0,
            name=_text(row, "name"),
            pci=bus_address(_text(row, "pci")),
            memory_mb=_whole(row, "memory_mb"),
            capability=_text(row, "capability"),
            memory_ok=_switch(row, "memory_ok"),
            error=_text(row, "error"),
        )
        for row in _rows(data, "devices")
    )
    code = _whole(data, "code")
    why = _text(data, "why")
    return CudaAnswer(
        code=code,
        name=_text(data, "name"),
        text=_text(data, "text"),
        call=_text(data, "call"),
        cuda=_text(data, "cuda"),
        library=_text(data, "library"),
        count=_whole(data, "count"),
        devices=devices,
        python=python,
        why=why or ("the program gave no code" if code is None else None),
    )


def torch(data: Mapping[str, Any], venv: str) -> TorchAnswer:
    """The answer of ``onhost/torch_runtime.py``."""
    driver = data.get("driver")
    driver = driver if isinstance(driver, dict) else {}
    errors = data.get("errors")
    version = _text(data, "version")
    return TorchAnswer(
        venv=venv,
        version=version,
        cuda=_text(data, "cuda"),
        cudnn=cudnn_version(_whole(data, "cudnn")),
        nccl=_text(data, "nccl"),
        arch_list=_texts(data, "arch_list"),
        available=_switch(data, "available"),
        devices=_texts(data, "devices"),
        computed=_switch(data, "computed"),
        cuda_error=_text(data, "cuda_error"),
        driver_code=_whole(driver, "code"),
        driver_name=_text(driver, "name"),
        driver_cuda=_text(driver, "cuda"),
        driver_loaded=_text(data, "driver_loaded"),
        driver_why=_text(driver, "why"),
        device_nodes=_texts(data, "device_nodes"),
        mapped=_texts(data, "mapped"),
        ld_library_path=data.get("ld_library_path") if "ld_library_path" in data else None,
        python=_text(data, "python"),
        warnings=_texts(data, "warnings"),
        errors={str(k): str(v) for k, v in errors.items()} if isinstance(errors, dict) else {},
        why=_text(data, "why") or (None if version else "torch told no version"),
    )


def nvml(data: Mapping[str, Any]) -> NvmlInventory:
    """The answer of ``onhost/nvml_inventory.py``."""
    gpus = tuple(
        NvmlGpu(
            index=_whole(row, "index") or 0,
            name=_text(row, "name"),
            uuid=_text(row, "uuid"),
            serial=_text(row, "serial"),
            pci=bus_address(_text(row, "pci")),
            memory_mb=_whole(row, "memory_mb"),
            capability=_text(row, "capability"),
            vbios=_text(row, "vbios"),
            persistence=_switch(row, "persistence"),
            ecc=_switch(row, "ecc"),
            mig=_switch(row, "mig"),
            power_limit_w=_number(row, "power_limit_w"),
            power_w=_number(row, "power_w"),
            temperature_c=_whole(row, "temperature_c"),
            pcie_generation=_whole(row, "pcie_generation"),
            pcie_generation_max=_whole(row, "pcie_generation_max"),
            pcie_width=_whole(row, "pcie_width"),
            pcie_width_max=_whole(row, "pcie_width_max"),
            error=_text(row, "error"),
        )
        for row in _rows(data, "gpus")
    )
    driver = _text(data, "driver")
    return NvmlInventory(
        source="nvidia-ml-py",
        driver=driver,
        cuda=_text(data, "cuda"),
        gpus=gpus,
        why=_text(data, "why") or (None if driver else "NVML told no driver version"),
    )
