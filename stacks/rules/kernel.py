"""The host's kernels: which headers they need, and whether the driver builds for them."""

from __future__ import annotations

from collections.abc import Iterable

from stacks.catalog.distributions import Distribution, DriverOffer, Headers
from stacks.model.change import Change, Way
from stacks.rules.case import Case, numbers


def bootable(case: Case) -> tuple[str, ...]:
    """Kernel releases that a module must be built for: installed and next boot.

    The running kernel is among them unless it is not installed: that of a container is its
    machine's, and a removed one does not come back.
    """
    profile = case.profile
    known = [*profile.kernels]
    if profile.kernel_next_boot and profile.kernel_next_boot not in known:
        known.append(profile.kernel_next_boot)
    return tuple(known)


def _rows(case: Case, dist: Distribution) -> list[Headers]:
    return [row for row in dist.kernel_headers if row.arch in ("", case.profile.arch)]


def _row(rows: list[Headers], kernel: str) -> Headers | None:
    return next(
        (
            row
            for row in rows
            if kernel.endswith(row.suffix)
            and (not row.after or numbers(kernel)[:2] > numbers(row.after))
        ),
        None,
    )


def next_boot(case: Case) -> str | None:
    """The kernel that boots next, as far as it is known; the last of the others else."""
    known = bootable(case)
    return case.profile.kernel_next_boot or (known[-1] if known else None)


def blocking(case: Case, kernels: Iterable[str]) -> str:
    """The kernel among these because of which the host cannot be served: the one that boots next.

    Empty where another one boots next: these are left without a module then.
    """
    first = next_boot(case)
    return first if first is not None and first in kernels else ""


def metapackage(case: Case, dist: Distribution, kernel: str) -> str:
    """The metapackage with the headers of this kernel's flavour; empty where none is known."""
    row = _row(_rows(case, dist), kernel)
    return row.package if row is not None and _own(dist, kernel) else ""


def _own(dist: Distribution, kernel: str) -> bool:
    """Whether a kernel is of the release's own series."""
    return not dist.kernel_series or numbers(kernel)[:2] == numbers(dist.kernel_series)


def headers(case: Case, dist: Distribution, left: Iterable[str] = ()) -> tuple[str, ...]:
    """Metapackages with headers for the flavour of every bootable kernel but those `left`.

    Where no kernel is known, those of the distribution's default. A kernel that is not of the
    release's own series or of no known flavour is served by none: KERNEL-FOREIGN says so, unless
    its headers are there.
    """
    rows = _rows(case, dist)
    found: list[str] = []
    foreign: list[str] = []
    for kernel in bootable(case):
        package = metapackage(case, dist, kernel)
        if not package and kernel not in case.profile.kernel_headers:
            foreign.append(kernel)
        if package and kernel not in left and package not in found:
            found.append(package)
    if not bootable(case) and rows:
        found.append(rows[-1].package)
    if foreign:
        install = (
            "dnf install kernel-devel" if dist.family == "dnf" else "apt install linux-headers"
        )
        case.notice(
            "KERNEL-FOREIGN",
            f"The kernel {', '.join(foreign)} is not the release's own.",
            f"{dist.name} keeps headers for its own kernels only ({dist.kernel_series or '?'}); "
            "for this one they must come from where the kernel came from.",
            f"Install its headers (`{install}-{foreign[0]}`, with backports "
            "enabled where it is from there) or boot the release's own kernel.",
        )
    case.reason(
        "kernel",
        ", ".join(found) or "no headers package known",
        "headers of every kernel that can boot: " + ", ".join(bootable(case))
        if bootable(case)
        else "the host's kernels are not known: headers of the default kernel",
        dist.cite,
    )
    return tuple(found)


def flavours(case: Case, dist: Distribution) -> tuple[str, ...]:
    """Flavours of the bootable kernels as signed NVIDIA modules are named after them.

    Empty where one of the kernels has none, so that a module would have to be built.
    """
    rows = _rows(case, dist)
    if not bootable(case):
        return (rows[-1].modules,) if rows and rows[-1].modules else ()
    found = [row.modules if row else "" for row in (_row(rows, k) for k in bootable(case))]
    return tuple(dict.fromkeys(found)) if all(found) else ()


def signed_modules(case: Case, dist: Distribution, offer: DriverOffer) -> tuple[str, ...]:
    """Metapackages of signed modules, one per kernel flavour, with their reason."""
    names = tuple(offer.kernel_modules.format(kernel=name) for name in flavours(case, dist))
    case.reason(
        "kernel",
        ", ".join(names),
        f"modules built and signed by {dist.name} for its own kernels: nothing is compiled here, "
        "no headers are needed; they are not held, because they must follow the kernel",
        offer.cite(dist),
    )
    return names


def too_new(case: Case, offer: DriverOffer) -> list[str]:
    """Bootable kernels that the offered driver is known not to build for."""
    if offer.kernel_refused is None:
        return []
    limit = numbers(offer.kernel_refused)
    return [kernel for kernel in bootable(case) if numbers(kernel)[:2] >= limit]


def too_old(case: Case) -> list[str]:
    """Bootable kernels below the oldest that current drivers support."""
    floor = numbers(case.catalog.drivers.kernel.minimum)
    return [kernel for kernel in bootable(case) if numbers(kernel) and numbers(kernel) < floor]


def untested(case: Case, offer: DriverOffer) -> None:
    """KERNEL-UNTESTED for kernels newer than the maker claims but not known to fail."""
    branch = case.catalog.drivers.branches.rows.get(offer.branch)
    claimed = offer.kernel_seen or (
        branch.kernel_seen if branch and offer.modules == "dkms" else ""
    )
    if not claimed:
        return
    seen = numbers(claimed)
    newer = [kernel for kernel in bootable(case) if numbers(kernel)[:2] > seen]
    if newer:
        case.notice(
            "KERNEL-UNTESTED",
            f"Driver {offer.version} may not build for kernel {', '.join(newer)}.",
            f"Kernels up to {claimed} are claimed for it. The module is built and checked before "
            "any reboot, so the host stays as it is if that fails.",
            "Boot the release's own kernel where a newer one is not needed.",
        )


def signatures_matter(case: Case) -> str:
    """Why the kernel takes signed modules only, in words; empty where it takes all."""
    if case.profile.secure_boot:
        return "Secure Boot is on"
    told = case.profile.signed_only
    return f"The kernel runs with {told}" if told else ""


def secure_boot(case: Case, dist: Distribution, offer: DriverOffer) -> None:
    """SECURE-BOOT: a module that DKMS builds is signed with a key that the firmware must know.

    SECURE-BOOT-REFUSED where it does not know it yet, and host data want nobody at the console.
    """
    because = signatures_matter(case)
    if not because:
        return
    if offer.modules == "precompiled":
        case.reason(
            "kernel",
            "signed modules under Secure Boot",
            f"the firmware trusts {dist.name}'s key, so these modules load without anybody at the "
            "console",
            offer.cite(dist),
        )
        return
    if case.profile.key_enrolled:
        case.reason(
            "kernel",
            "modules that DKMS signs",
            f"{because[0].lower()}{because[1:]}, and the key that DKMS signs with is enrolled",
            "the host's EFI variables",
        )
        return
    off = "Switch Secure Boot off (in a cloud: a VM without trusted launch or shielded boot)."
    if not case.profile.secure_boot:
        off = f"Take `{case.profile.signed_only}` off the kernel's command line."
    signed = [
        Way("Take the signed modules of the archive: {how}.", Change.of(driver_origin=row.origin))
        for row in dist.drivers
        if row.modules == "precompiled" and flavours(case, dist)
    ][:1]
    because += ": the kernel loads only modules that are signed with a known key."
    if case.stack.driver.secure_boot == "refuse":
        case.conflict(
            "SECURE-BOOT-REFUSED",
            because,
            "DKMS signs what it builds with the machine's own key, which a person must confirm at "
            "the console. `secure_boot: refuse` wants no host that waits for that.",
            *signed,
            Way(
                "Let the run prepare the enrolment, which is the default: {how}.",
                Change.of(secure_boot="enrol"),
            ),
            off,
        )
        return
    case.notice(
        "SECURE-BOOT",
        because,
        "DKMS signs what it builds with the machine's own key; the firmware does not know it "
        "until a person confirms it at the console. Until then everything is installed and no "
        "CUDA program runs.",
        " Or: ".join(
            (
                "The run prepares the enrolment and says what to do at the console; after that, "
                "run it again. `secure_boot: refuse` refuses such a host instead.",
                *map(str, signed),
                off,
            )
        ),
    )
