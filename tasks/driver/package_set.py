"""The driver's packages as one set: what is there, what comes, what goes. Pure."""

from __future__ import annotations

import fnmatch
import re

from facts.model.driver import ModuleFile
from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.plan import DriverPlan, Plan
from tasks.layout import MOVING as MOVING
from tasks.packages.installed import upstream
from tasks.packages.transaction import Transaction

_DRIVER_VERSION = re.compile(r"\d{3}\.\d+(?:\.\d+)?")
_DRIVER = re.compile(r"nvidia|^libcuda|^libnv|^cuda-drivers|^kmod-nvidia")


def serves(module: ModuleFile, driver: DriverPlan) -> bool:
    """Whether a module is this driver's: of its version where the plan names one, and of its kind.

    Ubuntu's shipped modules lie in ``kernel/nvidia-580srv/``, those that DKMS builds elsewhere.
    """
    shipped = "/kernel/nvidia-" in module.path
    if not module.version or shipped != (driver.modules == "precompiled"):
        return False
    if driver.versions:
        return module.version == driver.version
    return module.version.split(".")[0] == driver.branch


def is_installed(state: HostState, driver: DriverPlan) -> bool:
    """Whether all of its packages are there, in whatever version."""
    return all(
        (found := state.packages.get(name)) is not None and found.installed
        for name in driver.packages
    )


def going(state: HostState, driver: DriverPlan) -> str:
    """Which driver goes, as ``535 from nvidia``; empty where none does.

    A move that was cut off counts as long as its mark lies there, unless the driver that was to go
    is the one that is wanted again.
    """
    if driver.replaces:
        return driver.replaces
    marks = [p for p in state.managed_files if p.startswith(MOVING)]
    gone = [mark.removeprefix(MOVING).replace("-from-", " from ") for mark in marks]
    wanted = f"{driver.branch} from {driver.origin}"
    return next((one for one in gone if one != wanted), "")


def mark(replaced: str) -> str:
    """Path of the mark of a move that takes ``535 from nvidia`` away."""
    return MOVING + replaced.replace(" from ", "-from-")


def old_set(state: HostState, driver: DriverPlan) -> list[str]:
    """Installed packages of the driver that goes.

    They are known by the branch in their version, and where the branch stays the same by the
    archive that they are from. One that has dropped their version, or whose lists are gone, tells
    nothing: they count as of it, as the driver does. What the new driver brings under the same name
    does not go.
    """
    branch, _, origin = going(state, driver).partition(" from ")
    if not branch:
        return []
    return sorted(
        p.name
        for p in state.packages.values()
        if p.installed
        and p.name not in driver.packages
        and p.name not in driver.pinning
        and _is_of(p, branch)
        and (branch != driver.branch or (p.origin or origin).lower() == origin)
    )


def _is_of(package: Package, branch: str) -> bool:
    """Whether a package is of a driver of this branch: by its version, or as a shipped module.

    Ubuntu's shipped modules have the kernel's version and the branch in their name.
    """
    shipped = re.match(rf"linux-(modules|objects|signatures)-nvidia-{branch}-", package.name)
    by_version = upstream(package.version).split(".")[0] == branch
    return bool(shipped or (by_version and _DRIVER.search(package.name)))


def traces(state: HostState, driver: DriverPlan) -> list[str]:
    """Packages of the driver that goes, and pinning packages, whose settings may stay behind."""
    branch = going(state, driver).partition(" from ")[0]
    removed = [
        p.name
        for p in state.packages.values()
        if branch and p.status.startswith("rc") and _is_of(p, branch)
    ]
    return sorted({*removed, *old_set(state, driver), *old_pinning(state, driver)})


def of_another_version(state: HostState, driver: DriverPlan) -> list[str]:
    """Installed parts of the planned set that stand at another version of the driver.

    Parts with versions of their own, and those that go, are none.
    """
    if not driver.versions:
        return []
    goes = {*old_set(state, driver), *old_pinning(state, driver)}
    return sorted(
        p.name
        for p in state.packages.values()
        if p.installed
        and p.name not in goes
        and any(fnmatch.fnmatchcase(p.name, glob) for glob in driver.held)
        and _DRIVER_VERSION.fullmatch(upstream(p.version))
        and upstream(p.version) != driver.version
    )


def old_pinning(state: HostState, driver: DriverPlan) -> list[str]:
    """Packages that pin another branch or version than the planned one."""
    return sorted(
        p.name
        for p in state.packages.values()
        if p.installed
        and p.name.startswith("nvidia-driver-pinning-")
        and p.name not in driver.pinning
    )


def pins(driver: DriverPlan) -> tuple[tuple[str, str], ...]:
    """The one version in which each package of the set may come; none where the plan names none."""
    if not driver.versions:
        return ()
    # One pattern serves the whole set: parts that are not named come as dependencies.
    further = (
        (name, version)
        for name, version in sorted(driver.versions.items())
        if not any(fnmatch.fnmatchcase(name, glob) for glob in driver.held)
    )
    return ((" ".join(driver.held), f"{driver.version}-*"), *further)


def transaction(state: HostState, driver: DriverPlan) -> Transaction:
    """What the driver's transaction may do."""
    dkms = ("dkms",) if driver.modules == "dkms" else ()
    return Transaction(
        ours=(*driver.held, *driver.packages),
        goes=tuple(old_set(state, driver)),
        pins=pins(driver),
        prerequisites=(*dkms, *driver.headers),
        kernel=driver.kernels.comes,
        # The resolver plans an older version only where somebody asked for it by name.
        back=bool(driver.versions),
    )


def plan_pins(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The versions of all parts of the plan that name them."""
    found = list(pins(plan.driver)) if plan.driver else []
    for part in (plan.cuda, plan.cudnn):
        if part is not None:
            found += sorted(part.versions.items())
    return tuple(found)
