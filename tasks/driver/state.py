"""What of the driver is on the host, and which kernels it serves. Pure."""

from __future__ import annotations

import re

from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.plan import DriverPlan, Plan
from tasks.driver import package_set
from tasks.packages.installed import lacking

_PACKAGE = re.compile(
    r"^(lib)?nvidia-(?!container|l4t|cuda|cudnn|driver-pinning|settings)"
    r"|^libcuda1|^kmod-nvidia|^linux-modules-nvidia|^firmware-nvidia-gsp"
)


def due(state: HostState, driver: DriverPlan) -> bool:
    """Whether something of the driver is to come, or something of another one to go."""
    return bool(
        missing_packages(state, driver)
        or package_set.old_set(state, driver)
        or (driver.pinning and package_set.old_pinning(state, driver))
        or package_set.going(state, driver)
    )


def missing_packages(state: HostState, driver: DriverPlan) -> list[str]:
    """Packages of the driver and headers of bootable kernels that are not there as planned."""
    names = (*driver.pinning, *driver.packages, *driver.headers)
    missing = lacking(state, names, driver.versions)
    if driver.modules == "precompiled":
        return missing
    return missing + [f"headers of {k}" for k in kernels_to_serve(state) if not _headers(state, k)]


def kernels_to_serve(state: HostState) -> list[str]:
    """Every kernel that can boot here, the running one among them where it is installed."""
    return [k.release for k in state.kernels.installed if k.bootable]


def _headers(state: HostState, kernel: str) -> bool:
    return any(k.release == kernel and k.headers for k in state.kernels.installed)


def unserved_kernels(state: HostState, plan: Plan) -> list[str]:
    """Bootable kernels that have no module of the plan's driver."""
    assert plan.driver is not None
    served = {m.kernel for m in state.driver.modules if package_set.serves(m, plan.driver)}
    return [k for k in kernels_to_serve(state) if k not in served]


def can_load(state: HostState) -> bool:
    """Whether loading the module now makes sense and is not done yet.

    A container has its host's kernel and loads nothing. Under a kernel without a module, or with
    nouveau on the card, the driver waits for the next boot. Under Secure Boot the kernel refuses a
    module whose key nobody has enrolled, and enrolling needs a person at the console.
    """
    served = {m.kernel for m in state.driver.modules}
    return bool(
        state.gpus
        and not state.driver.loaded
        and not state.system.container
        and not state.nouveau.loaded
        and not state.secure_boot
        and state.kernels.running in served
    )


def reload_would_do(state: HostState) -> bool:
    """Whether another module than the loaded one is ready for the kernel that runs.

    A container has its host's kernel and takes no module out of it.
    """
    ready = {m.version for m in state.driver.modules if m.kernel == state.kernels.running}
    loaded = state.driver.loaded
    return bool(loaded and ready and loaded not in ready and not state.system.container)


def reload_will_do(state: HostState, driver: DriverPlan) -> bool:
    """`reload_would_do`, foreseen before the driver is changed."""
    loaded = state.driver.loaded
    changes = bool(driver.versions) and loaded != driver.version and due(state, driver)
    return reload_would_do(state) or bool(loaded and changes and not state.system.container)


def waits_for_reboot(state: HostState, libraries: str | None) -> bool:
    """Whether only the loaded module is old: file and libraries are of one other version."""
    ready = {m.version for m in state.driver.modules if m.kernel == state.kernels.running}
    return bool(state.driver.loaded and ready == {libraries} and state.driver.loaded != libraries)


def library_version(state: HostState) -> str | None:
    """Version of libnvidia-ml (or libcuda), from its file name."""
    for soname in ("libnvidia-ml.so.1", "libcuda.so.1"):
        for library in state.driver.libraries:
            if library.soname == soname and library.version:
                return library.version
    return None


def packages(state: HostState) -> tuple[Package, ...]:
    """Packages of a driver that are installed in some way."""
    return tuple(
        p
        for p in state.packages.values()
        if _PACKAGE.search(p.name) and p.status[1:2] not in ("n", "c")
    )


def is_present(state: HostState) -> bool:
    """Whether any part of a driver is on the host."""
    return bool(packages(state) or state.driver.modules or library_version(state))
