"""How a measurement is taken: warm until it is steady, best of five with its spread, and sensors.

Rules, as operators found them: random data, since power and so clocks depend on it; a working
set of at least four times the L2 and 1 GiB, else the cache is read; clocks that have settled.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from typing import Any

MARK = "##gpuwright-measure "
RUNS = 5
WARM_S = 3.0
"""At most until the first measurement; later ones are warm already."""
STEADY = 0.01
"""Three runs in a row that differ by no more than this share are steady."""
BATCH_S = 0.08
GIB = 2**30
REASONS = {
    0x2: "applications_clocks_setting",
    0x4: "sw_power_cap",
    0x8: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake_slowdown",
    0x100: "display_clocks_setting",
}
"""Bits of NVML's nvmlClocksEventReason* that say something, as nvidia-smi calls them (nvml.h)."""


class Device:
    """A GPU, or the CPU in its place where a test measures at tiny sizes."""

    def __init__(self, torch: Any, name: str, tiny: bool = False) -> None:
        self.torch, self.name = torch, name
        self.most_warm_s, self.batch_s = (0.02, 0.002) if tiny else (WARM_S, BATCH_S)
        self.is_gpu = name.startswith("cuda")
        self.index = int(name.partition(":")[2] or 0)
        if self.is_gpu:
            torch.cuda.set_device(name)
        self.pci = self._pci()

    def _pci(self) -> str | None:
        if not self.is_gpu:
            return None
        found = self.torch.cuda.get_device_properties(self.index)
        try:
            parts = (found.pci_domain_id, found.pci_bus_id, found.pci_device_id)
        except AttributeError:  # an older torch does not tell
            return None
        return "{:04x}:{:02x}:{:02x}.0".format(*map(int, parts))

    @property
    def capability(self) -> tuple[int, int]:
        """``(9, 0)``; of the CPU the newest, which computes every type."""
        found = self.torch.cuda.get_device_capability(self.index) if self.is_gpu else (99, 0)
        return (int(found[0]), int(found[1]))

    def wait(self) -> None:
        """Until all that was asked of it is done."""
        if self.is_gpu:
            self.torch.cuda.synchronize(self.index)

    def working_set(self, tiny: bool) -> int:
        """Bytes of a buffer: four times the L2 and 1 GiB at least, a fifth of what is free at most.

        Jetsons share their memory with the host.
        """
        if tiny or not self.is_gpu:
            return 2**20
        found = self.torch.cuda.get_device_properties(self.index)
        wanted = max(4 * int(getattr(found, "L2_cache_size", 0)), GIB)
        free, _ = self.torch.cuda.mem_get_info(self.index)
        return int(min(wanted, free // 5))

    def sensors(self) -> dict[str, Any]:
        """Clock, power, temperature and reasons for slower clocks, now; empty where none tells."""
        if not self.is_gpu:
            return {}
        try:
            nvml: Any = importlib.import_module("pynvml")
            nvml.nvmlInit()
            uuid = str(self.torch.cuda.get_device_properties(self.index).uuid)
            gpu = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
            bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)
            return {
                "sm_clock_mhz": nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM),
                "power_w": nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,
                "temperature_c": nvml.nvmlDeviceGetTemperature(gpu, 0),
                "reasons": [name for bit, name in REASONS.items() if bits & bit],
            }
        except Exception as error:  # a reading that is missing is told, and stops no measurement
            return {"sensors_why": f"{type(error).__name__}: {error}"[:200]}


def timed(device: Device, work: Callable[[], object], warm_s: float = WARM_S) -> dict[str, Any]:
    """Seconds that one ``work`` takes: the best of `RUNS`, its spread, and the sensors meanwhile.

    Args:
        device: Where it runs.
        work: What is measured; it may return before it is done.
        warm_s: How long it is warmed at most.
    """
    once = _batch(device, work, 1)
    count = max(1, min(2000, int(device.batch_s / max(once, 1e-7))))
    warm_s = min(warm_s, device.most_warm_s)
    began, last = time.perf_counter(), [once]
    while time.perf_counter() - began < warm_s:
        last = [*last[-2:], _batch(device, work, count)]
        settled = len(last) == 3 and max(last) - min(last) <= STEADY * max(last)
        # Clocks of a GPU at rest are steady too, and rise only some time after its work begins.
        if settled and time.perf_counter() - began >= warm_s / 3:
            break
    steady = len(last) == 3 and max(last) - min(last) <= STEADY * max(last)
    seconds = [_batch(device, work, count) for _ in range(RUNS)]
    for _ in range(count):  # once more, to read the sensors meanwhile
        work()
    sensors = device.sensors()
    device.wait()
    return {
        "seconds": min(seconds),
        "spread": (max(seconds) - min(seconds)) / max(seconds),
        "runs": RUNS,
        "steady": steady,
        **sensors,
    }


def _batch(device: Device, work: Callable[[], object], count: int) -> float:
    device.wait()
    began = time.perf_counter()
    for _ in range(count):
        work()
    device.wait()
    return (time.perf_counter() - began) / count


def tell(**said: Any) -> None:
    """One line of the answer."""
    print(MARK + json.dumps(said, sort_keys=True), flush=True)
