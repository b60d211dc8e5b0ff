"""What of the driver is on the host, and which kernels it serves. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from facts.model.driver import ModuleFile
from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.plan import DriverPlan, Plan
from tasks.driver import package_set, signing_state
from tasks.driver.main_modules import main_modules
from tasks.packages.installed import lacking

_PACKAGE = re.compile(
    r"^(lib)?nvidia-(?!container|l4t|cuda|cudnn|driver-pinning|settings)"
    r"|^libcuda1|^kmod-nvidia|^linux-modules-nvidia|^firmware-nvidia-gsp"
)


@dataclass(frozen=True)
class NextBoot:
    """Whether the driver will be there after the next boot."""

    kernel: str | None
    """The kernel that boots next."""
    served: bool
    why: str


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
    if driver.kernels.comes and driver.kernels.comes not in bootable(state):
        missing.append(f"kernel {driver.kernels.comes}")
    return missing + [f"headers of {k}" for k in kernels_without_headers(state, driver)]


def bootable(state: HostState) -> list[str]:
    """Every kernel that can boot here, the running one among them where it is installed."""
    return [k.release for k in state.kernels.installed if k.bootable]


def kernels_to_serve(state: HostState, driver: DriverPlan) -> list[str]:
    """Every kernel that can boot here and is to have a module: not those that the plan leaves."""
    return [k for k in bootable(state) if k not in driver.kernels.left]


def kernels_without_headers(state: HostState, driver: DriverPlan) -> list[str]:
    """Kernels to serve for which a module cannot be built yet; shipped modules need no headers."""
    if driver.modules == "precompiled":
        return []
    return [k for k in kernels_to_serve(state, driver) if not _headers(state, k)]


def _headers(state: HostState, kernel: str) -> bool:
    return any(k.release == kernel and k.headers for k in state.kernels.installed)


def unserved_kernels(state: HostState, plan: Plan) -> list[str]:
    """Kernels to serve that have no module of the plan's driver; the one that comes among them."""
    assert plan.driver is not None
    served = {m.kernel for m in state.driver.modules if package_set.serves(m, plan.driver)}
    comes = plan.driver.kernels.comes
    wanted = kernels_to_serve(state, plan.driver)
    wanted += [comes] if comes and comes not in wanted else []
    return [k for k in wanted if k not in served]


def next_boot(state: HostState) -> NextBoot:
    """Whether the kernel that boots next has a module of the driver whose libraries are here.

    The kernel guard's program decides the same in shell, and in the same words, on a host that
    nobody looks at (``templates/kernel_guard.sh.j2``).
    """
    kernel, libraries = state.kernels.next_boot, library_version(state)
    if libraries is None:
        return NextBoot(kernel, False, "no NVIDIA driver is installed")
    if kernel is None:
        return NextBoot(kernel, False, "no kernel that could boot was found")
    why = why_unserved(state, kernel)
    return NextBoot(kernel, not why, why or f"it has the NVIDIA module {libraries}")


def why_unserved(state: HostState, kernel: str) -> str:
    """What keeps the installed driver from loading under a kernel; empty where nothing does."""
    modules, libraries = main_modules(state, kernel), library_version(state)
    if not modules:
        return "it has no NVIDIA module"
    for module in modules:
        if built_for := foreign_kernel(module):
            return f"its module was built for {built_for}"
        if is_of_another_version(module, libraries):
            return f"its module is {module.version} and the driver's libraries are {libraries}"
    return ""


def foreign_kernel(module: ModuleFile) -> str:
    """The kernel that a module was built for, where it is not the one it lies with; else empty."""
    built_for = module.vermagic.split()[0] if module.vermagic else module.kernel
    return "" if built_for == module.kernel else built_for


def is_of_another_version(module: ModuleFile, libraries: str | None) -> bool:
    """Whether a module does not fit the driver's libraries, where both versions are known."""
    return bool(libraries and module.version and module.version != libraries)


def can_load(state: HostState) -> bool:
    """Whether loading the module now makes sense and is not done yet.

    A container has its host's kernel and loads nothing. Under a kernel without a module, or with
    nouveau on the card, the driver waits for the next boot. Under Secure Boot a key may be missing.
    """
    served = {m.kernel for m in state.driver.modules}
    return bool(
        state.gpus
        and not state.driver.loaded
        and not state.system.container
        and not state.nouveau.loaded
        and state.kernels.running in served
        and signing_state.takes(state, state.kernels.running)
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
