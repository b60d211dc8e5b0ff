"""The kernel driver: which offers there are, and which of them fits this host."""

from __future__ import annotations

import re

from stacks.catalog import driver_sets
from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.model.plan import DriverPlan
from stacks.model.requests import DriverRequest
from stacks.rules import driver_refusals, elsewhere, served_kernels
from stacks.rules import fabric as fabric_rules
from stacks.rules import gpu as gpu_rules
from stacks.rules import kernel as kernel_rules
from stacks.rules.case import Case, names


def candidates(case: Case, dist: Distribution) -> list[DriverOffer]:
    """Offers that satisfy everything but the floors, best first.

    Filters in the order in which a person would ask. The first filter that leaves nothing adds its
    conflict, and the list is empty. An offer that is no default counts only where its origin or
    branch is asked for: a request for a flavour must not bring in another origin silently.
    """
    request = case.stack.driver
    flavours = gpu_rules.flavours(case)
    unknown = not all(card.is_known for card in case.cards)
    offers = [
        offer
        for row in dist.drivers
        if case.profile.arch in row.arches and (offer := _of_version(case, row))
    ]

    left = [
        offer
        for offer in offers
        if request.branch in (None, offer.branch)
        and request.origin in (None, offer.origin)
        and (
            offer.default
            or request.branch
            or request.origin
            or request.version
            or _signed(case, offer)
            or unknown
        )
        and (offer.modules == "dkms" or kernel_rules.flavours(case, dist))
    ]
    if case.profile.secure_boot:
        # A driver that is there may well load: its key was enrolled once. Else the signed first.
        left.sort(key=lambda offer: (not _is_there(case, offer), offer.modules == "dkms"))
    if unknown:  # the newest may know what older ones do not; what is there was seen to be taken
        left.sort(key=lambda offer: (not _is_there(case, offer), -int(offer.branch)))
    if not left:
        driver_refusals.nothing_on_offer(case, dist)
        return []

    offers, left = left, [o for o in left if gpu_rules.in_window(case, int(o.branch))]
    if not left:
        driver_refusals.unknown_gpu(case, dist, offers)
        return []

    offers, left = left, [o for o in left if o.flavour in flavours and _requested(request, o)]
    if not left:
        driver_refusals.wrong_flavour(case, offers)
        return []

    offers, left = left, [o for o in left if _pocket_fits(case, o)]
    if not left:
        driver_refusals.open_in_bookworm(case, offers)
        return []

    offers, left = (
        left,
        [o for o in left if not kernel_rules.blocking(case, kernel_rules.too_new(case, o))],
    )
    if not left:
        driver_refusals.kernel_too_new(case, offers[0])
    return left


def _signed(case: Case, offer: DriverOffer) -> bool:
    """Whether Secure Boot speaks for this offer: its modules are signed by the distribution."""
    return bool(case.profile.secure_boot) and offer.modules == "precompiled"


def _is_there(case: Case, offer: DriverOffer) -> bool:
    there = case.profile.driver
    return there is not None and (there.version.split(".")[0], there.origin) == (
        offer.branch,
        offer.origin,
    )


def _of_version(case: Case, offer: DriverOffer) -> DriverOffer | None:
    """The offer in the version that is asked for; ``None`` where it cannot have that version.

    Repositories of NVIDIA keep older point releases, and the plan is compared with what is really
    there; archives have one version, the catalogue's.
    """
    asked = case.stack.driver.version
    if asked in (None, offer.version):
        return offer
    whole = re.fullmatch(r"[0-9]+(\.[0-9]+)+", asked) is not None
    if not offer.versions or not whole or not asked.startswith(f"{offer.branch}."):
        return None
    return driver_sets.filled(offer, case.catalog.driver_sets, asked)


def _requested(request: DriverRequest, offer: DriverOffer) -> bool:
    return request.flavour in (None, offer.flavour)


def plan(
    case: Case, dist: Distribution, offer: DriverOffer, floor: str, replaces: str
) -> DriverPlan:
    """The driver part of the plan, with its reasons and notices."""
    branch = case.catalog.drivers.branches.rows.get(offer.branch)
    request = case.stack.driver
    asked = "asked for" if request.branch or request.version else "the first on offer that fits"
    pocket = f", {offer.pocket} pocket" if offer.pocket else ""
    case.reason(
        "driver",
        f"{offer.version} {offer.flavour} from {offer.origin}{pocket}",
        f"{asked}: branch {offer.branch} drives {names(case.cards)} and is not below {floor}, "
        "which the whole stack needs",
        offer.cite(dist),
    )
    if branch and branch.eol:
        _end_of_life(case, offer, branch.eol)
    kernel_rules.untested(case, offer)
    fabric = fabric_rules.planned(case, offer)
    packages = (*offer.packages, fabric) if fabric else offer.packages
    if offer.modules == "precompiled":
        packages += kernel_rules.signed_modules(case, dist, offer)
    kernel_rules.secure_boot(case, dist, offer)
    kernels = served_kernels.planned(case, dist, offer)
    unbuildable = served_kernels.unbuildable(case, offer)
    headers = kernel_rules.headers(case, dist, unbuildable) if offer.modules == "dkms" else ()
    versions = {name: text for name, text in offer.versions.items() if name in packages}
    return DriverPlan(
        branch=offer.branch,
        version=offer.version,
        flavour=offer.flavour,
        origin=offer.origin,
        packages=packages,
        held=offer.held,
        headers=headers,
        kernels=kernels,
        components=offer.components,
        floor=floor,
        eol=branch.eol if branch else None,
        disk_mb=offer.disk_mb,
        versions=versions,
        pinning=offer.pinning,
        stream=offer.stream,
        modules=offer.modules,
        fabric_manager=fabric,
        replaces=replaces,
    )


def check_kernels(case: Case) -> None:
    """KERNEL-TOO-OLD and KERNEL-REFUSED for a next boot that no current driver serves."""
    served_kernels.check_refused(case)
    old = kernel_rules.blocking(case, kernel_rules.too_old(case))
    if old:
        floor = case.catalog.drivers.kernel.minimum
        case.conflict(
            "KERNEL-TOO-OLD",
            f"The kernel {old}, which boots next, is too old.",
            f"NVIDIA's drivers build for Linux {floor} and later.",
            f"Install and boot the current kernel of {case.host}, then remove the old one.",
        )


def _pocket_fits(case: Case, offer: DriverOffer) -> bool:
    security = case.profile.security_pocket is not False
    if offer.unsatisfiable_with_security:
        return not security
    return offer.pocket != "security" or security


def _end_of_life(case: Case, offer: DriverOffer, eol: str) -> None:
    today = case.catalog.drivers.branches.date[:7]
    if eol != "past" and eol >= today:
        return
    branch, until = elsewhere.maintained_branch(case.catalog)
    when = "some time ago" if eol == "past" else f"with {eol}"
    case.notice(
        "DRIVER-EOL",
        f"NVIDIA's support for driver branch {offer.branch} ended {when}.",
        f"New faults are fixed only if {offer.origin} backports the fix; seen on "
        f"{case.catalog.drivers.branches.date}.",
        f"It works today. A maintained branch ({branch}, until {until}) is in NVIDIA's repository: "
        "`driver_origin: nvidia` in the host data (`--origin driver=nvidia` here).",
    )
