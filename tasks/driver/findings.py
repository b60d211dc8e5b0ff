"""Is the driver as the plan says? Packages, modules, Fabric Manager. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.deploy import again
from tasks.driver import fabric_state, package_set, reboot_state
from tasks.driver import state as driver_state
from tasks.driver.state import library_version
from tasks.finding import Finding


def installed(state: HostState, plan: Plan) -> list[Finding]:
    """Packages that are missing or should be gone; a loaded module of another version."""
    if plan.driver is None:
        return []
    missing = driver_state.missing_packages(state, plan.driver)
    if missing:
        return [
            Finding(
                "DRIVER-INCOMPLETE",
                "CRITICAL",
                "parts of the driver are not installed",
                "missing: " + ", ".join(missing),
                again(plan),
            )
        ]
    old = package_set.old_set(state, plan.driver)
    if old:
        return [
            Finding(
                "DRIVER-INCOMPLETE",
                "CRITICAL",
                "parts of the driver that goes are still there",
                "still there: " + ", ".join(old),
                f"{again(plan)}; it goes on where it stopped",
            )
        ]
    loaded, user = state.driver.loaded, library_version(state)
    if driver_state.waits_for_reboot(state, user):
        return [
            Finding(
                "REBOOT-NEEDED",
                "WARN",
                "the new driver is in place, the old one is loaded until the next boot",
                f"loaded {loaded}, module and libraries {user}",
                f"run this again when nothing uses the GPU, or {reboot_state.REMEDY}",
                "the host",
            )
        ]
    if loaded and user and loaded != user:
        return [
            Finding(
                "D14",
                "CRITICAL",
                "the loaded module and the libraries are of two versions",
                f"loaded {loaded}, libraries {user}",
                f"reload the module while nothing uses the GPU, or {reboot_state.REMEDY}",
                "programs that use the GPU",
            )
        ]
    return []


def fabric(state: HostState, plan: Plan) -> list[Finding]:
    """It must be of exactly the driver's version: with any other, CUDA answers 802."""
    found, user = fabric_state.version(state, plan), library_version(state)
    if found is None or user is None or found == user:
        return []
    assert plan.driver is not None
    return [
        Finding(
            "FM-VERSION",
            "CRITICAL",
            "the Fabric Manager is not of the driver's version",
            f"{plan.driver.fabric_manager} {found}, driver {user}",
            f"{again(plan)}; it brings both to the plan's version",
            "programs that use the GPU",
        )
    ]


def modules(state: HostState, plan: Plan) -> list[Finding]:
    """Kernels without a module, and modules that do not belong to their kernel or libraries."""
    if plan.driver is None:
        return []
    found = []
    for kernel in driver_state.unserved_kernels(state, plan):
        next_boot = kernel == state.kernels.next_boot
        found.append(
            Finding(
                "NEXT-BOOT" if next_boot else "D1",
                "CRITICAL" if next_boot else "WARN",
                f"there is no NVIDIA module for kernel {kernel}"
                + (", which boots next" if next_boot else ""),
                f"modules: {', '.join(sorted({m.kernel for m in state.driver.modules})) or 'none'}",
                f"{again(plan)}; it builds one",
            )
        )
    user = library_version(state)
    for module in state.driver.modules:
        if driver_state.foreign_kernel(module):
            found.append(
                Finding(
                    "D11",
                    "CRITICAL",
                    f"the module for {module.kernel} was built for another kernel",
                    f"vermagic: {(module.vermagic or '').strip()}",
                    f"dkms install --force -k {module.kernel} for the driver's version",
                )
            )
        elif driver_state.is_of_another_version(module, user):
            found.append(
                Finding(
                    "D15",
                    "CRITICAL",
                    f"the module for {module.kernel} and the libraries are of two versions",
                    f"module {module.version}, libraries {user}",
                    again(plan),
                )
            )
    return found


def left(state: HostState, plan: Plan) -> list[Finding]:
    """Kernels that can boot and are left without a module, the one that runs among them."""
    if plan.driver is None:
        return []
    found = []
    ready = driver_state.next_boot(state)
    for kernel, why in plan.driver.kernels.left.items():
        if kernel not in driver_state.bootable(state):
            continue
        if kernel == state.kernels.running and ready.served and not state.system.container:
            found.append(
                Finding(
                    "REBOOT-NEEDED",
                    "WARN",
                    f"kernel {kernel}, which runs, has no NVIDIA module; {ready.kernel}, which "
                    "boots next, has one",
                    f"{kernel}: {why}",
                    reboot_state.REMEDY,
                    "the host",
                )
            )
        else:
            found.append(
                Finding(
                    "KERNEL-LEFT",
                    "WARN",
                    f"kernel {kernel} has no NVIDIA module and gets none",
                    f"{why}; {ready.kernel} boots next",
                    f"remove it if nobody needs it: {_removal(state, kernel)}",
                )
            )
    return found


def _removal(state: HostState, kernel: str) -> str:
    if state.package_manager.kind == "dnf":
        return f"dnf remove kernel-core-{kernel}"
    if f"linux-image-{kernel}" in state.packages:
        return f"apt-get purge linux-image-{kernel}"
    return f"no package has it; its files are /boot/*-{kernel} and /lib/modules/{kernel}"


def free_driver(state: HostState, plan: Plan) -> list[Finding]:
    """Nouveau on the card."""
    if plan.driver is None or not state.nouveau.loaded:
        return []
    return [
        Finding(
            "D8",
            "WARN",
            "nouveau holds the card until the next boot",
            "the module nouveau is loaded; it is blacklisted now",
            reboot_state.REMEDY,
            "the host",
        )
    ]
