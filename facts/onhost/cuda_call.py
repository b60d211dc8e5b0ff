"""Runs on the host: a real CUDA driver call through ``libcuda.so.1``, by ctypes alone.

Standard library of Python 3.7 or newer. Prints one JSON object. The functions are those of the
CUDA driver API reference (Initialization, Version, Device, Primary Context, Memory).
"""

from __future__ import annotations

import ctypes
import json
from pathlib import Path
from typing import Any

ATTRIBUTE_MAJOR, ATTRIBUTE_MINOR = 75, 76
# Jetson Linux up to 35, and from 36 on, keeps its own outside of the usual folders.
_TEGRA = "/usr/lib/aarch64-linux-gnu/{}/libcuda.so.1"
LIBRARIES = ("libcuda.so.1", _TEGRA.format("tegra"), _TEGRA.format("nvidia"))
PATTERN = bytes(range(256)) * 4096


def text(cuda: Any, code: int, which: str) -> str | None:
    """Name or sentence of a CUresult; None where this libcuda does not know the code."""
    answer = ctypes.c_char_p()
    function = getattr(cuda, which)
    if function(ctypes.c_int(code), ctypes.byref(answer)) != 0 or not answer.value:
        return None
    return answer.value.decode("ascii", "replace")


def mapped(prefix: str) -> list[str]:
    """Files of this process's memory map whose name begins with ``prefix``."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    paths = {line.split(None, 5)[-1].strip() for line in lines}
    return sorted(p for p in paths if p.rsplit("/", 1)[-1].startswith(prefix))


class RefusedError(Exception):
    """A call that did not return CUDA_SUCCESS."""

    def __init__(self, call: str, code: int) -> None:
        """Keep which call gave which code."""
        super().__init__(call)
        self.call, self.code = call, code


def ask(cuda: Any, call: str, *arguments: Any) -> None:
    """One driver call; `RefusedError` unless it succeeds."""
    code = getattr(cuda, call)(*arguments)
    if code != 0:
        raise RefusedError(call, code)


def memory(cuda: Any, device: Any) -> bool:
    """Write 1 MiB to the device's memory, read it back, compare."""
    context, pointer = ctypes.c_void_p(), ctypes.c_uint64()
    back = ctypes.create_string_buffer(len(PATTERN))
    size = ctypes.c_size_t(len(PATTERN))
    ask(cuda, "cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    try:
        ask(cuda, "cuCtxSetCurrent", context)
        ask(cuda, "cuMemAlloc_v2", ctypes.byref(pointer), size)
        try:
            ask(cuda, "cuMemcpyHtoD_v2", pointer, PATTERN, size)
            ask(cuda, "cuMemcpyDtoH_v2", back, pointer, size)
        finally:
            cuda.cuMemFree_v2(pointer)
    finally:
        cuda.cuDevicePrimaryCtxRelease(device)
    return back.raw == PATTERN


def describe(cuda: Any, index: int) -> dict[str, Any]:
    """One device, with what failed where something failed."""
    about: dict[str, Any] = {"index": index}
    try:
        device, number = ctypes.c_int(), ctypes.c_int()
        ask(cuda, "cuDeviceGet", ctypes.byref(device), ctypes.c_int(index))
        name = ctypes.create_string_buffer(256)
        ask(cuda, "cuDeviceGetName", name, 256, device)
        about["name"] = name.value.decode("ascii", "replace")
        bus = ctypes.create_string_buffer(32)
        ask(cuda, "cuDeviceGetPCIBusId", bus, 32, device)
        about["pci"] = bus.value.decode("ascii", "replace").lower()
        total = ctypes.c_size_t()
        ask(cuda, "cuDeviceTotalMem_v2", ctypes.byref(total), device)
        about["memory_mb"] = total.value // 2**20
        capability = []
        for attribute in (ATTRIBUTE_MAJOR, ATTRIBUTE_MINOR):
            ask(cuda, "cuDeviceGetAttribute", ctypes.byref(number), attribute, device)
            capability.append(str(number.value))
        about["capability"] = ".".join(capability)
        about["memory_ok"] = memory(cuda, device)
    except RefusedError as refused:
        known = text(cuda, refused.code, "cuGetErrorName")
        about["error"] = f"{refused.call}: {refused.code} {known}"
    return about


def main() -> dict[str, Any]:
    """Initialise, count, describe."""
    cuda, why = None, ""
    for library in LIBRARIES:
        try:
            cuda = ctypes.CDLL(library)
            break
        except OSError as error:
            why = why or str(error)
    if cuda is None:
        return {"why": why}
    answer: dict[str, Any] = {"library": next(iter(mapped("libcuda.so")), None), "devices": []}
    version, count = ctypes.c_int(), ctypes.c_int()
    if cuda.cuDriverGetVersion(ctypes.byref(version)) == 0:
        answer["cuda"] = f"{version.value // 1000}.{version.value % 1000 // 10}"
    code, call = cuda.cuInit(0), "cuInit"
    if code == 0:
        code, call = cuda.cuDeviceGetCount(ctypes.byref(count)), "cuDeviceGetCount"
    answer.update(code=code, call=call, count=count.value if code == 0 else None)
    answer["name"] = text(cuda, code, "cuGetErrorName")
    answer["text"] = text(cuda, code, "cuGetErrorString")
    if code == 0:
        answer["devices"] = [describe(cuda, i) for i in range(count.value)]
    return answer


print("##gpuwright-json " + json.dumps(main()))
