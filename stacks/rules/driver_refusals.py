"""Why no driver on offer fits, and the way out: the words of each refusal."""

from __future__ import annotations

from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.model.change import Change, Way
from stacks.rules import elsewhere, maintained, others
from stacks.rules import gpu as gpu_rules
from stacks.rules import kernel as kernel_rules
from stacks.rules.case import Case, names, numbers


def nothing_on_offer(case: Case, dist: Distribution) -> None:
    """DRIVER-NONE: what is asked for is not on offer here."""
    request = case.stack.driver
    asked = " ".join(
        word
        for word in (
            f"branch {request.branch}" if request.branch else "",
            f"version {request.version}" if request.version else "",
            f"from {request.origin}" if request.origin else "",
        )
        if word
    )
    usable = bool(kernel_rules.flavours(case, dist))
    there = sorted(
        {
            f"{o.version if request.version else o.branch} from {o.origin} ({o.flavour})"
            for o in dist.drivers
            if case.profile.arch in o.arches and (usable or o.modules == "dkms")
        }
    )
    signed = sorted({o.origin for o in dist.drivers if o.modules == "precompiled"})
    foreign = (
        f" Modules from {' and '.join(signed)} are for {dist.name}'s own kernels; not each of "
        f"{', '.join(kernel_rules.bootable(case))} is one."
        if signed and not usable
        else ""
    )
    case.conflict(
        "DRIVER-NONE",
        f"No driver {asked} is known for {dist.name} on {case.profile.arch}.".replace("  ", " "),
        f"On offer: {', '.join(there) or 'nothing'}.{foreign}",
        others.omitted("Let the resolver choose", *asked_for(case))
        if asked and there
        else Way(
            "Use a distribution with a driver on offer: "
            f"{' or '.join(map(elsewhere.called, elsewhere.with_own_driver(case.catalog)))}; "
            "{how}.",
            Change(
                dict.fromkeys(asked_for(case)),
                host={"os": elsewhere.with_own_driver(case.catalog)[0]},
            ),
        ),
    )


def asked_for(case: Case) -> list[str]:
    """Names of the host data that choose a driver, of those that are said."""
    request = case.stack.driver
    said = {
        "driver_branch": request.branch,
        "driver_version": request.version,
        "driver_origin": request.origin,
    }
    return [name for name, value in said.items() if value]


def unknown_gpu(case: Case, dist: Distribution, tried: list[DriverOffer]) -> None:
    """DRIVER-GPU: no branch among ``tried`` knows all the GPUs."""
    branches = sorted({int(offer.branch) for offer in tried})
    outside = [card for card in case.cards if not any(gpu_rules.knows(card, b) for b in branches)]
    cards = outside or list(case.cards)
    windows = "; ".join(
        f"{card.name} needs "
        + " and ".join(
            text
            for text in (
                f"{card.first_branch} or later" if card.first_branch else "",
                f"{card.generation.last_branch} or earlier" if card.generation.last_branch else "",
            )
            if text
        )
        + (" with the open kernel module" if card.model.open_required else "")
        for card in cards
        if card.first_branch or card.generation.last_branch
    )
    origins = ", ".join(sorted({offer.origin for offer in tried}))
    remedies = []
    if other := maintained.best(case, dist):
        remedies.append(
            Way(
                f"Take driver {other.branch} from {other.origin}: {{how}}.",
                maintained.named(case, other),
            )
        )
    if not outside:
        remedies.append(others.one_of_them(case, "no one branch knows them all"))
    remedies += others.distributions(case) or [others.another_gpu(case)]
    case.conflict(
        "DRIVER-GPU",
        f"No driver {' or '.join(map(str, branches))} from {origins} drives {names(cards)}.",
        f"{windows}.",
        *remedies,
    )


def wrong_flavour(case: Case, dist: Distribution, tried: list[DriverOffer]) -> None:
    """FLAVOUR-GPU: no module flavour among ``tried`` drives all the GPUs as asked."""
    able = gpu_rules.flavours(case)
    if not able:
        return  # FLAVOUR-MIXED says it.
    request = case.stack.driver.flavour
    remedies: list[Way] = []
    if request and request not in able:
        remedies.append(Way("Take the other: {how}.", Change.of(driver_flavour=able[0])))
    elif request:
        remedies.append(others.omitted("Take the flavour that is on offer", "driver_flavour"))
    if better := maintained.best(case, dist):
        text = f"Take driver {better.branch} from {better.origin}: {{how}}."
        remedies.append(Way(text, maintained.named(case, better)))
    asked = (
        f"the {request} module is asked for"
        if request
        else "the module on offer is " + " or ".join(sorted({offer.flavour for offer in tried}))
    )
    if request and request in able:
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
        *(remedies or others.distributions(case) or [others.another_gpu(case)]),
    )


def open_in_bookworm(case: Case, dist: Distribution, tried: list[DriverOffer]) -> None:
    """BOOKWORM-OPEN: only the open module is left, and the security pocket has passed it."""
    offer = tried[0]
    remedies: list[str | Way] = []
    if "proprietary" in gpu_rules.flavours(case):
        remedies.append(
            Way(
                "Take the proprietary module, which drives the same GPU: {how}.",
                Change.of(driver_flavour="proprietary"),
            )
        )
    if better := maintained.best(case, dist):
        text = f"Take driver {better.branch} from {better.origin}: {{how}}."
        remedies.append(Way(text, maintained.named(case, better)))
    other, able = elsewhere.open_module(case.catalog)
    remedies.append(
        Way(
            f"Use {elsewhere.called(other)}, whose open module {able.version} can be installed: "
            "{how}.",
            Change(dict.fromkeys(asked_for(case)), host={"os": other}),
        )
    )
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


def kernel_too_new(case: Case, dist: Distribution, offer: DriverOffer) -> None:
    """KERNEL-TOO-NEW: the driver is known not to build for a bootable kernel."""
    kernels = [kernel_rules.blocking(case, kernel_rules.too_new(case, offer))]
    case.conflict(
        "KERNEL-TOO-NEW",
        f"Driver {offer.version} does not build for kernel {', '.join(kernels)}.",
        f"It is known to fail from Linux {offer.kernel_refused} on (its maker claims up to "
        f"{offer.kernel_seen or '?'}).",
        f"Boot {case.host}'s own kernel: the one that boots next must get a module.",
        *_newer(case, dist),
    )


def below_floor(case: Case, dist: Distribution, offer: DriverOffer, needs: dict[str, str]) -> None:
    """DRIVER-FLOOR: the best offer is below what ``needs`` (what → lowest driver) ask."""
    missed = {
        what: floor for what, floor in needs.items() if numbers(offer.version) < numbers(floor)
    }
    listed = ", ".join(f"{what} needs {floor}" for what, floor in missed.items())
    case.conflict(
        "DRIVER-FLOOR",
        f"Driver {offer.version} from {offer.origin} is too old for this stack.",
        f"{listed}; {case.host} offers {offer.version}.",
        *(
            [others.omitted("Let the resolver choose the PyTorch build", "torch_variant")]
            if case.stack.torch and case.stack.torch.variant
            else []
        ),
        *_newer(case, dist),
        *others.stacks(case),
        others.without("torch", "Leave PyTorch out"),
        *others.distributions(case),
    )


def _newer(case: Case, dist: Distribution) -> list[Way]:
    better = maintained.best(case, dist)
    if better is None or not maintained.is_maintained(case, better.branch):
        return []
    text = f"Take driver {better.branch} from {better.origin}: {{how}}."
    return [Way(text, maintained.named(case, better))]
