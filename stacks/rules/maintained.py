"""Drivers that NVIDIA still maintains, and which of them comes where the distribution's is not."""

from __future__ import annotations

from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.model.change import Change, Value
from stacks.rules import gpu as gpu_rules
from stacks.rules import kernel as kernel_rules
from stacks.rules.case import Case


def is_maintained(case: Case, branch: str) -> bool:
    """Whether NVIDIA's support for a branch had not ended on the day the catalogue was looked up.

    A branch whose end is not known counts as maintained.
    """
    row = case.catalog.drivers.branches.rows.get(branch)
    end = row.eol if row else None
    return end is None or (end != "past" and end >= case.catalog.drivers.branches.date[:7])


def is_asked(case: Case) -> bool:
    """Whether host data or the stack name a branch, a version or an origin."""
    request = case.stack.driver
    return bool(request.branch or request.version or request.origin)


def is_there(case: Case, offer: DriverOffer) -> bool:
    """Whether the host has a driver of this branch, and of this origin as far as that is known."""
    there = case.profile.driver
    return (
        there is not None
        and there.version.split(".")[0] == offer.branch
        and there.origin in (offer.origin, "unknown")
    )


def instead(case: Case, offers: list[DriverOffer]) -> list[DriverOffer]:
    """Of ``offers``, those that come although they are no defaults.

    Long-term branches of NVIDIA's repository, where all defaults are past their end and nothing is
    asked for. None of them where the toolkit is to be the archive's, which brings the archive's
    libcuda1.
    """
    defaults = [offer for offer in offers if offer.default]
    toolkit = case.stack.cuda
    if (
        is_asked(case)
        or (toolkit and toolkit.origin in ("debian", "ubuntu"))
        or any(is_maintained(case, offer.branch) for offer in defaults)
    ):
        return []
    rows = case.catalog.drivers.branches.rows
    return [
        offer
        for offer in offers
        if offer.origin == "nvidia"
        and is_maintained(case, offer.branch)
        and offer.branch in rows
        and rows[offer.branch].kind == "LTS"
    ]


def order(case: Case, offers: list[DriverOffer], unknown: bool) -> list[DriverOffer]:
    """``offers``, best first.

    What is on the host and works stays: a driver is moved only by name. Then, under Secure Boot,
    signed modules; for a GPU that nobody knows, the newest branch; else a branch that is maintained
    before one that is not, in the order of the catalogue.
    """
    secure = bool(kernel_rules.signatures_matter(case))

    def rank(offer: DriverOffer) -> tuple[bool, bool, int, bool]:
        first = unknown or secure or not is_asked(case)
        return (
            first and not is_there(case, offer),
            secure and offer.modules == "dkms",
            -int(offer.branch) if unknown else 0,
            not is_asked(case) and not is_maintained(case, offer.branch),
        )

    return sorted(offers, key=rank)


def fitting(case: Case, dist: Distribution) -> list[DriverOffer]:
    """Every offer, whatever is asked for, that drives the cards and builds for the next boot."""
    able = gpu_rules.flavours(case)
    return [
        offer
        for offer in dist.drivers
        if case.profile.arch in offer.arches
        and gpu_rules.in_window(case, int(offer.branch))
        and offer.flavour in able
        and (offer.modules == "dkms" or kernel_rules.flavours(case, dist))
        and pocket_fits(case, offer)
        and not kernel_rules.blocking(case, kernel_rules.too_new(case, offer))
    ]


def pocket_fits(case: Case, offer: DriverOffer) -> bool:
    """Whether apt can install it with or without the security pocket of this host."""
    security = case.profile.security_pocket is not False
    if offer.unsatisfiable_with_security:
        return not security
    return offer.pocket != "security" or security


def named(case: Case, offer: DriverOffer) -> Change:
    """Host data that name an offer, and omit what it cannot have."""
    request = case.stack.driver
    said: dict[str, Value] = {"driver_origin": offer.origin, "driver_branch": offer.branch}
    if request.version:
        said["driver_version"] = None
    if request.flavour not in (None, offer.flavour):
        said["driver_flavour"] = None
    return Change(said)


def best(case: Case, dist: Distribution) -> DriverOffer | None:
    """Of all offers, whatever is asked for, the one that fits and is maintained, if one is."""
    return next(
        iter(sorted(fitting(case, dist), key=lambda o: not is_maintained(case, o.branch))), None
    )
