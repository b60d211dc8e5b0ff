"""Runs on the host, in a managed environment: what torch is, and why CUDA works or does not.

Prints one JSON object.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

LIBRARIES = re.compile(r"^lib(cudnn|cudart|cublas|nccl|cuda)[A-Za-z_]*(-[0-9a-f]+)?\.so")


def told(error: BaseException) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:2000]


def attempt(answer: dict[str, Any], field: str, call: Any) -> None:
    """Keep a call's value, or its error beside it."""
    try:
        answer[field] = call()
    except Exception as error:
        answer["errors"][field] = told(error)


def mapped() -> list[str]:
    """CUDA libraries in this process's memory map."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    paths = {line.split(None, 5)[-1].strip() for line in lines}
    return sorted(p for p in paths if LIBRARIES.match(p.rsplit("/", 1)[-1]))


def driver() -> dict[str, Any]:
    """What the driver library answers, without torch."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return {"why": str(error)}
    code, name, version = cuda.cuInit(0), ctypes.c_char_p(), ctypes.c_int()
    cuda.cuGetErrorName(code, ctypes.byref(name))
    said: dict[str, Any] = {"code": code, "name": (name.value or b"").decode("ascii", "replace")}
    if cuda.cuDriverGetVersion(ctypes.byref(version)) == 0:
        said["cuda"] = f"{version.value // 1000}.{version.value % 1000 // 10}"
    return said


def compute(torch: Any) -> bool:
    """A small sum on the first device."""
    return bool((torch.arange(1000, device="cuda").sum() == 499500).item())


def loaded_version() -> str | None:
    """Version of the loaded kernel module."""
    try:
        return Path("/sys/module/nvidia/version").read_text().strip()
    except OSError:
        return None


def main() -> dict[str, Any]:
    """Import torch and ask it."""
    answer: dict[str, Any] = {
        "python": sys.version.split()[0],
        "ld_library_path": os.environ.get("LD_LIBRARY_PATH", ""),
        "device_nodes": sorted(map(str, Path("/dev").glob("nvidia*"))),
        "driver_loaded": loaded_version(),
        "errors": {},
    }
    try:
        torch: Any = importlib.import_module("torch")
    except BaseException as error:
        return {**answer, "why": told(error), "mapped": mapped()}
    answer["version"] = str(torch.__version__)
    answer["cuda"] = torch.version.cuda
    attempt(answer, "cudnn", torch.backends.cudnn.version)
    attempt(answer, "nccl", lambda: ".".join(map(str, torch.cuda.nccl.version())))
    # get_arch_list() answers [] on a host without a usable GPU; the flags are in the build.
    attempt(answer, "arch_list", lambda: torch._C._cuda_getArchFlags().split())
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        attempt(answer, "available", torch.cuda.is_available)
    answer["warnings"] = [" ".join(str(w.message).split())[:2000] for w in heard]
    answer["driver"] = driver()
    if answer.get("available"):
        attempt(
            answer,
            "devices",
            lambda: [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        )
        attempt(answer, "computed", lambda: compute(torch))
    else:
        try:
            torch.cuda.init()
        except BaseException as error:
            answer["cuda_error"] = told(error)
    answer["mapped"] = mapped()
    return answer


print("##gpuwright-json " + json.dumps(main()))
