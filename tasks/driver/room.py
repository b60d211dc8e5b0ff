"""Room that kernels and their modules take, beside the driver's own packages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from facts.model.host import HostState
from stacks.catalog.read import load_catalog
from stacks.model.plan import DriverPlan, Plan
from tasks.driver import state as driver_state


def needed(state: HostState, plan: Plan, driver: DriverPlan) -> list[tuple[str, int, str]]:
    """Path below which something is written, MiB, and what it is; of what is still to come."""
    kernels = driver_state.unserved_kernels(state, plan)
    if not kernels:
        return []
    sizes, built = _sizes(), driver.modules == "dkms"
    comes = bool(driver.kernels.comes) and driver.kernels.comes in kernels
    headers = len(driver_state.kernels_without_headers(state, driver)) + comes
    found = [
        ("/usr", sizes["headers"] * headers if built else 0, "kernel headers"),
        ("/usr", sizes["image"] if comes else 0, "the new kernel"),
        ("/var", sizes["build"] if built else 0, "the module's build"),
        ("/boot", sizes["boot"] * len(kernels), "an initramfs for each kernel"),
        ("/tmp", sizes["tmp"], "temporary files"),
    ]
    return [one for one in found if one[1]]


@cache
def _sizes() -> Mapping[str, int]:
    return load_catalog().drivers.kernel.room_mb
