"""The kernel driver: which offers there are, and which of them fits this host."""

from __future__ import annotations

from collections.abc import Callable

from stacks import gpu_rules, kernel_rules
from stacks.case import Card, Case, names, numbers
from stacks.catalog import Distribution, DriverOffer
from stacks.model import DriverPlan


def candidates(case: Case, dist: Distribution) -> list[DriverOffer]:
    """Offers that satisfy everything but the floors, best first.

    Filters in the order in which a person would ask. The first filter that leaves nothing adds its
    conflict, and the list is empty.
    """
    wish = case.stack.driver
    wished = any((wish.branch, wish.flavour, wish.origin))
    offers = [offer for offer in dist.drivers if case.profile.arch in offer.arches]
    steps: list[tuple[Callable[[DriverOffer], bool], Callable[[list[DriverOffer]], None]]] = [
        (
            lambda o: (
                wish.branch in (None, o.branch)
                and wish.origin in (None, o.origin)
                and (o.default or wished)
            ),
            lambda left: _nothing_on_offer(case, dist),
        ),
        (lambda o: _knows_cards(case, o), lambda left: _gpu_conflict(case, dist, left)),
        (
            lambda o: o.flavour in gpu_rules.flavours(case) and wish.flavour in (None, o.flavour),
            lambda left: _flavour_conflict(case, left),
        ),
        (lambda o: _pocket_fits(case, o), lambda left: _pocket_conflict(case, left)),
        (
            lambda o: not kernel_rules.too_new(case, o),
            lambda left: _kernel_conflict(case, left[0]),
        ),
    ]
    for keep, explain in steps:
        left = [offer for offer in offers if keep(offer)]
        if not left:
            explain(offers)
            return []
        offers = left
    # Without a wish the archive's own choice stands before all; a wish for a flavour or branch
    # must not silently bring in another origin.
    if wish.origin is None and any(offer.default for offer in offers):
        offers = [offer for offer in offers if offer.default]
    return offers


def plan(case: Case, dist: Distribution, offer: DriverOffer, floor: str) -> DriverPlan:
    """The driver part of the plan, with its reasons and notices."""
    branch = case.catalog.drivers.branches.rows.get(offer.branch)
    asked = "asked for" if case.stack.driver.branch else "the first on offer that fits"
    pocket = f", {offer.pocket} pocket" if offer.pocket else ""
    case.reason(
        "driver",
        f"{offer.version} {offer.flavour} from {offer.origin}{pocket}",
        f"{asked}: branch {offer.branch} drives {names(case.cards)} and is not below {floor}, "
        "which the whole stack needs",
        offer.source or dist.cite,
    )
    if branch and branch.eol:
        _end_of_life(case, offer, branch.eol)
    kernel_rules.untested(case, offer)
    gpu_rules.fabric(case, offer.version)
    return DriverPlan(
        branch=offer.branch,
        version=offer.version,
        flavour=offer.flavour,
        origin=offer.origin,
        packages=offer.packages,
        held=offer.held,
        headers=kernel_rules.headers(case, dist),
        components=offer.components,
        floor=floor,
        eol=branch.eol if branch else None,
        disk_mb=offer.disk_mb,
    )


def check_kernels(case: Case) -> None:
    """KERNEL-TOO-OLD for kernels that no current driver supports."""
    old = kernel_rules.too_old(case)
    if old:
        floor = case.catalog.drivers.kernel.minimum
        case.conflict(
            "KERNEL-TOO-OLD",
            f"The kernel {', '.join(old)} is too old.",
            f"NVIDIA's drivers build for Linux {floor} and later.",
            f"Install and boot the current kernel of {case.host}, then remove the old one.",
        )


def check_installed(case: Case, offer: DriverOffer) -> None:
    """DRIVER-FOREIGN: a driver that the planned one would collide with."""
    there = case.profile.driver
    if there is None or there.origin == offer.origin:
        return
    if there.origin == "unknown":
        case.notice(
            "DRIVER-ORIGIN-UNKNOWN",
            f"Driver {there.version} is on the host, and nobody knows where it came from.",
            "It may belong to a runfile or to packages whose source is gone.",
            "If the plan does not go through, remove it first.",
        )
        return
    removal = (
        "`nvidia-uninstall` (or `nvidia-installer --uninstall`), then run again."
        if there.origin == "runfile"
        else "`apt purge '*nvidia*'` and remove that package source, then run again."
    )
    remedies = [f"Remove the driver that is there: {removal}"]
    if there.origin in ("nvidia", "debian", "ubuntu"):
        remedies.append(f"Keep to its origin: `driver_origin: {there.origin}` in the host data.")
    case.conflict(
        "DRIVER-FOREIGN",
        f"Driver {there.version} from {there.origin} is already on this host.",
        f"The plan takes the driver from {offer.origin}; two origins overwrite each other's "
        "files, and the host ends with a kernel module and libraries that do not match.",
        *remedies,
    )


def check_repository(case: Case, dist: Distribution, offer: DriverOffer) -> None:
    """REPO-KEY-SHA1: apt on this host refuses the key of the NVIDIA repository in use."""
    if offer.origin != "nvidia":
        return
    address = case.profile.indexes.get("nvidia", "")
    table = case.catalog.repositories
    parts = address.strip("/").split("/")
    repository = next(
        (name for name in table.repositories if name in parts), dist.nvidia_repository
    )
    key_id = table.repositories.get(repository or "")
    if key_id and table.keys[key_id].sha1 and dist.sha1_keys_refused:
        case.conflict(
            "REPO-KEY-SHA1",
            f"{dist.name} refuses NVIDIA's {repository} repository as not signed.",
            f"Its key {key_id} carries a SHA-1 self-signature, which apt with sqv rejects since "
            "2026-02-01. NVIDIA does not change keys of existing repositories.",
            f"Use the {dist.nvidia_repository} repository "
            f"(key {table.repositories.get(dist.nvidia_repository or '', '?')}).",
            "Take the driver from the distribution: `--origin driver=debian`.",
        )


def floor_conflict(case: Case, offer: DriverOffer, needs: dict[str, str]) -> None:
    """DRIVER-FLOOR: the best offer is below what ``needs`` (what → lowest driver) ask."""
    missed = {
        what: floor for what, floor in needs.items() if numbers(offer.version) < numbers(floor)
    }
    listed = ", ".join(f"{what} needs {floor}" for what, floor in missed.items())
    case.conflict(
        "DRIVER-FLOOR",
        f"Driver {offer.version} from {offer.origin} is too old for this stack.",
        f"{listed}; {case.host} offers {offer.version}.",
        "Let the resolver choose the PyTorch build: leave `torch_variant` (and `--variant`) away; "
        "cu126 and cu128 run from driver 525.60.13.",
        "Take the driver from NVIDIA's repository: `--origin driver=nvidia --driver 580`.",
    )


def _knows_cards(case: Case, offer: DriverOffer) -> bool:
    branch = int(offer.branch)
    return all(_knows(card, branch) for card in case.cards)


def _knows(card: Card, branch: int) -> bool:
    first, last = card.model.first_branch, card.generation.last_branch
    return (first is None or int(first) <= branch) and (last is None or branch <= int(last))


def _pocket_fits(case: Case, offer: DriverOffer) -> bool:
    security = case.profile.security_pocket is not False
    if offer.unsatisfiable_with_security:
        return not security
    return offer.pocket != "security" or security


def _nothing_on_offer(case: Case, dist: Distribution) -> None:
    wish = case.stack.driver
    asked = " ".join(
        word
        for word in (
            f"branch {wish.branch}" if wish.branch else "",
            f"from {wish.origin}" if wish.origin else "",
        )
        if word
    )
    there = sorted(
        {
            f"{o.branch} from {o.origin} ({o.flavour})"
            for o in dist.drivers
            if case.profile.arch in o.arches
        }
    )
    case.conflict(
        "DRIVER-NONE",
        f"No driver {asked} is known for {dist.name} on {case.profile.arch}.".replace("  ", " "),
        f"On offer: {', '.join(there) or 'nothing'}.",
        "Leave `--driver` and `--origin driver=…` (host data `driver_branch`, `driver_origin`) "
        "away and let the resolver choose."
        if asked
        else "Use a distribution with a driver on offer: Debian 12 or Debian 13.",
    )


def _gpu_conflict(case: Case, dist: Distribution, tried: list[DriverOffer]) -> None:
    branches = sorted({int(offer.branch) for offer in tried})
    outside = [card for card in case.cards if not any(_knows(card, b) for b in branches)]
    cards = outside or list(case.cards)
    windows = "; ".join(
        f"{card.name} needs "
        + " and ".join(
            text
            for text in (
                f"{card.model.first_branch} or later" if card.model.first_branch else "",
                f"{card.generation.last_branch} or earlier" if card.generation.last_branch else "",
            )
            if text
        )
        + (" with the open kernel module" if card.model.open_required else "")
        for card in cards
        if card.model.first_branch or card.generation.last_branch
    )
    origins = ", ".join(sorted({offer.origin for offer in tried}))
    remedies = []
    other = next(
        (
            offer
            for offer in dist.drivers
            if case.profile.arch in offer.arches and _knows_cards(case, offer)
        ),
        None,
    )
    if other:
        remedies.append(
            f"Take driver {other.branch} from {other.origin}: "
            f"`--origin driver={other.origin} --driver {other.branch}`, in the host data "
            f"`driver_origin: {other.origin}`, `driver_branch: \"{other.branch}\"`."
        )
    if not outside:
        remedies.append("Put the GPUs into different hosts: no one branch knows them all.")
    remedies.append(
        "Use a distribution whose drivers cover this GPU: Debian 12 has 470 (Kepler) and 535, "
        "Ubuntu 22.04 and 24.04 have 580 (Maxwell to Blackwell) from NVIDIA's repository."
    )
    case.conflict(
        "DRIVER-GPU",
        f"No driver {' or '.join(map(str, branches))} from {origins} drives {names(cards)}.",
        f"{windows}.",
        *remedies,
    )


def _flavour_conflict(case: Case, tried: list[DriverOffer]) -> None:
    able = gpu_rules.flavours(case)
    if not able:
        return  # FLAVOUR-MIXED says it.
    wish = case.stack.driver.flavour
    asked = f"the {wish} module is asked for" if wish else "the module on offer is " + " or ".join(
        sorted({offer.flavour for offer in tried})
    )
    if wish and wish in able:
        why = f"{case.host} offers branch {tried[0].branch} only as {tried[0].flavour}."
    else:
        why = (
            f"{names(case.cards)} works with the {' or '.join(able)} kernel module only: Maxwell, "
            "Pascal and Volta need the proprietary one, Blackwell and Grace Hopper the open one."
        )
    case.conflict(
        "FLAVOUR-GPU",
        f"{names(case.cards)}: {asked}, and that does not fit.",
        why,
        f"Take the other: `--flavour {able[0]}`, in the host data `driver_flavour: {able[0]}`."
        if wish and wish not in able
        else "Leave `--flavour` (host data `driver_flavour`) away."
        if wish
        else "Take the driver from NVIDIA's repository: `--origin driver=nvidia`.",
    )


def _pocket_conflict(case: Case, tried: list[DriverOffer]) -> None:
    offer = tried[0]
    remedies = []
    if "proprietary" in gpu_rules.flavours(case):
        remedies.append(
            "Take the proprietary module: `--flavour proprietary`, in the host data "
            "`driver_flavour: proprietary`. It drives the same GPU."
        )
    remedies.append(f"Use Debian 13, whose open module {'550.163.01'} can be installed.")
    remedies.append(
        f"Hold the whole driver at {offer.version} and take it out of the security pocket "
        "(no security updates for it)."
    )
    case.conflict(
        "BOOKWORM-OPEN",
        f"The open kernel module of {case.host} cannot be installed.",
        f"Its package was left at {offer.version} when the security pocket moved the rest on; apt "
        "finds no firmware-nvidia-gsp of that version.",
        *remedies,
    )


def _kernel_conflict(case: Case, offer: DriverOffer) -> None:
    kernels = kernel_rules.too_new(case, offer)
    case.conflict(
        "KERNEL-TOO-NEW",
        f"Driver {offer.version} does not build for kernel {', '.join(kernels)}.",
        f"It is known to fail from Linux {offer.kernel_refused} on (its maker claims up to "
        f"{offer.kernel_seen or '?'}).",
        f"Boot {case.host}'s own kernel and remove the newer one: every kernel that can boot must "
        "get a module.",
        "Take a newer driver: `--origin driver=nvidia --driver 580`.",
    )


def _end_of_life(case: Case, offer: DriverOffer, eol: str) -> None:
    today = case.catalog.drivers.branches.date[:7]
    if eol != "past" and eol >= today:
        return
    when = "some time ago" if eol == "past" else f"with {eol}"
    case.notice(
        "DRIVER-EOL",
        f"NVIDIA's support for driver branch {offer.branch} ended {when}.",
        f"New faults are mended only if {offer.origin} backports the fix; seen on "
        f"{case.catalog.drivers.branches.date}.",
        "It works today. For a maintained branch (580, until 2028-06) take NVIDIA's repository: "
        "`--origin driver=nvidia --driver 580`.",
    )
