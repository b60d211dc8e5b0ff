"""The kernel driver: which offers there are, and which of them fits this host."""

from __future__ import annotations

import re

from stacks.catalog import driver_sets
from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.model.change import Way
from stacks.model.plan import DriverPlan
from stacks.model.requests import DriverRequest
from stacks.rules import driver_refusals, maintained, served_kernels
from stacks.rules import fabric as fabric_rules
from stacks.rules import gpu as gpu_rules
from stacks.rules import kernel as kernel_rules
from stacks.rules.case import Case, names


def candidates(case: Case, dist: Distribution) -> list[DriverOffer]:
    """Offers that satisfy everything but the floors, best first.

    Filters in the order in which a person would ask. The first filter that leaves nothing adds its
    conflict, and the list is empty. An offer that is no default counts only where its origin or
    branch is asked for, or where no default is maintained any more: a request for a flavour must
    not bring in another origin silently.
    """
    request = case.stack.driver
    flavours = gpu_rules.flavours(case)
    unknown = not all(card.is_known for card in case.cards)
    offers = [
        offer
        for row in dist.drivers
        if case.profile.arch in row.arches and (offer := _of_version(case, row))
    ]

    offers = [
        offer
        for offer in offers
        if request.branch in (None, offer.branch)
        and request.origin in (None, offer.origin)
        and (offer.modules == "dkms" or kernel_rules.flavours(case, dist))
    ]
    instead = maintained.instead(case, offers)
    left = [
        offer
        for offer in offers
        if offer.default
        or maintained.is_asked(case)
        or _signed(case, offer)
        or unknown
        or offer in instead
    ]
    left = maintained.order(case, left, unknown)
    if not left:
        driver_refusals.nothing_on_offer(case, dist)
        return []

    offers, left = left, [o for o in left if gpu_rules.in_window(case, int(o.branch))]
    if not left:
        driver_refusals.unknown_gpu(case, dist, offers)
        return []

    offers, left = left, [o for o in left if o.flavour in flavours and _requested(request, o)]
    if not left:
        driver_refusals.wrong_flavour(case, dist, offers)
        return []

    offers, left = left, [o for o in left if maintained.pocket_fits(case, o)]
    if not left:
        driver_refusals.open_in_bookworm(case, dist, offers)
        return []

    offers, left = (
        left,
        [o for o in left if not kernel_rules.blocking(case, kernel_rules.too_new(case, o))],
    )
    if not left:
        driver_refusals.kernel_too_new(case, dist, offers[0])
    return left


def _signed(case: Case, offer: DriverOffer) -> bool:
    """Whether Secure Boot speaks for this offer: its modules are signed by the distribution."""
    return bool(kernel_rules.signatures_matter(case)) and offer.modules == "precompiled"


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
    if request.branch or request.version or request.origin:
        asked = "asked for"
    elif maintained.is_there(case, offer):
        asked = "it is there, and stays until somebody asks for another"
    else:
        asked = "the first on offer that fits and is maintained, if one is"
    pocket = f", {offer.pocket} pocket" if offer.pocket else ""
    enough = f" and is not below {floor}, which the whole stack needs" if floor else ""
    case.reason(
        "driver",
        f"{offer.version} {offer.flavour} from {offer.origin}{pocket}",
        f"{asked}: branch {offer.branch} drives {names(case.cards)}{enough}",
        offer.cite(dist),
    )
    _end_of_life(case, dist, offer)
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


def _end_of_life(case: Case, dist: Distribution, offer: DriverOffer) -> None:
    """DRIVER-EOL where the branch is past its end, with a maintained one that fits, if one does."""
    if maintained.is_maintained(case, offer.branch):
        return
    branch = case.catalog.drivers.branches.rows.get(offer.branch)
    eol = branch.eol if branch else None
    when = f"with {eol}" if eol and eol != "past" else "some time ago"
    better = maintained.best(case, dist)
    way: str | Way
    if better is None or not maintained.is_maintained(case, better.branch):
        way = f"No maintained branch for {dist.name} drives {names(case.cards)}: plan for its end."
    else:
        row = case.catalog.drivers.branches.rows.get(better.branch)
        until = f", until {row.eol}" if row and row.eol else ""
        stays = ""
        if maintained.is_there(case, offer):
            stays = " The one that is there stays until somebody asks."
        way = Way(
            f"It works today. Branch {better.branch} from {better.origin} is maintained{until}: "
            f"{{how}}.{stays}",
            maintained.named(case, better),
        )
    case.notice(
        "DRIVER-EOL",
        f"NVIDIA's support for driver branch {offer.branch} ended {when}.",
        f"New faults are fixed only if {offer.origin} backports the fix; seen on "
        f"{case.catalog.drivers.branches.date}.",
        way,
    )
