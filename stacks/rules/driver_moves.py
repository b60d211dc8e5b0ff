"""A driver that is on the host already: kept, replaced because somebody asked, or refused."""

from __future__ import annotations

from stacks.catalog import driver_sets
from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.model.change import Change, Way
from stacks.model.host import InstalledDriver
from stacks.rules.case import Case, numbers

PACKAGED = ("debian", "nvidia", "ubuntu")
"""Origins whose packages we know by name, and so can take out."""


def newest(case: Case, offer: DriverOffer) -> DriverOffer:
    """``offer``, or the newer point release of it that is on the host: nothing is moved back."""
    there = case.profile.driver
    if (
        there is None
        or case.stack.driver.version
        or not offer.versions
        or _branch(there) != offer.branch
        or there.origin != offer.origin
        or numbers(there.version) <= numbers(offer.version)
    ):
        return offer
    case.reason(
        "driver",
        f"{there.version} stays",
        f"it is on the host and newer than {offer.version}, the newest that the catalogue knows; "
        "a driver is moved back only by name (`driver_version`)",
        "the host's packages",
    )
    return driver_sets.filled(offer, case.catalog.driver_sets, there.version)


def replaced(case: Case, dist: Distribution, offer: DriverOffer) -> str:
    """What goes because ``offer`` comes: ``535 from nvidia``; empty where nothing has to go.

    Adds DRIVER-BRANCH or DRIVER-FOREIGN where the host has another driver and nobody asked for
    this branch or this origin by name, or where what is there cannot be taken out.
    """
    there = case.profile.driver
    if there is None:
        return ""
    other_branch = _branch(there) != offer.branch
    if there.origin == "unknown" and not other_branch:
        case.notice(
            "DRIVER-ORIGIN-UNKNOWN",
            f"Driver {there.version} is on the host, and nobody knows where it came from.",
            "It may belong to a runfile or to packages whose source is gone.",
            "If the plan does not go through, remove it first.",
        )
        return ""
    other_origin = there.origin != offer.origin
    if not other_branch and not other_origin:
        return ""
    if there.origin not in PACKAGED:
        _unknown(case, there, offer)
        return ""
    request = case.stack.driver
    by_branch, by_origin = bool(request.branch or request.version), bool(request.origin)
    asked = (
        by_branch or by_origin
        if other_branch and other_origin
        else (by_branch if other_branch else by_origin)
    )
    if not asked:
        _unasked(case, dist, there, offer, other_origin)
        return ""
    case.reason(
        "driver",
        f"{there.version} from {there.origin} goes, {offer.version} from {offer.origin} comes",
        "asked for by name: one transaction takes the old set out and puts the new one in, then "
        "the module is reloaded once where nothing uses it, or the host reboots once",
        "host data or stack",
    )
    return f"{_branch(there)} from {there.origin}"


def _branch(there: InstalledDriver) -> str:
    return there.version.split(".")[0]


def _unknown(case: Case, there: InstalledDriver, offer: DriverOffer) -> None:
    if there.origin == "runfile":
        removal = "`nvidia-uninstall` (or `nvidia-installer --uninstall`)"
    elif case.dist and case.dist.family == "dnf":
        removal = "`dnf remove '*nvidia*'`, and that package source"
    else:
        removal = "`apt purge '*nvidia-driver*' '*nvidia-kernel*' 'libnvidia-*'`, and that source"
    case.conflict(
        "DRIVER-FOREIGN",
        f"Driver {there.version} from {there.origin} is already on this host.",
        f"The plan takes driver {offer.version} from {offer.origin}; two origins overwrite each "
        "other's files, and the host ends with a kernel module and libraries that do not match. "
        f"What came from {there.origin} is not ours to take out.",
        f"Remove the driver that is there: {removal}, then run again.",
    )


def _unasked(
    case: Case, dist: Distribution, there: InstalledDriver, offer: DriverOffer, other_origin: bool
) -> None:
    branch = _branch(there)
    kept = next(
        (
            row
            for row in dist.drivers
            if (row.branch, row.origin) == (branch, there.origin)
            and case.profile.arch in row.arches
        ),
        None,
    )
    if other_origin:
        keep, move = Change.of(driver_origin=there.origin), Change.of(driver_origin=offer.origin)
        if branch != offer.branch:
            keep = Change.of(driver_origin=there.origin, driver_branch=branch)
    else:
        keep, move = Change.of(driver_branch=branch), Change.of(driver_branch=offer.branch)
    way_back = (
        Way("Keep it: {how}.", keep)
        if kept
        else f"It cannot be kept: {branch} from {there.origin} is not on offer for {dist.name}."
    )
    ways = (
        Way("Move, in one run with one reload or reboot: {how}.", move),
        way_back,
    )
    what = f"Driver {there.version} from {there.origin} is already on this host."
    if other_origin:
        case.conflict(
            "DRIVER-FOREIGN",
            what,
            f"The plan takes driver {offer.version} from {offer.origin}; two origins overwrite "
            "each other's files. An origin is never changed unasked.",
            *ways,
        )
    else:
        case.conflict(
            "DRIVER-BRANCH",
            what,
            f"Planned is {offer.version}, of branch {offer.branch}. A branch is never changed "
            "unasked: the GPU is gone until the new module is loaded.",
            *ways,
        )
