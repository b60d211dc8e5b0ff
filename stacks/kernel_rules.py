"""The host's kernels: which headers they need, and whether the driver builds for them."""

from __future__ import annotations

from stacks.case import Case, numbers
from stacks.distribution import Distribution, DriverOffer


def bootable(case: Case) -> tuple[str, ...]:
    """Kernel releases that a module must be built for: installed and next boot, else running.

    A running kernel that is not among the installed ones (a container on a foreign host, a kernel
    that was removed) does not count where others are known.
    """
    profile = case.profile
    known = [*profile.kernels]
    if profile.kernel_next_boot and profile.kernel_next_boot not in known:
        known.append(profile.kernel_next_boot)
    if not known and profile.kernel_running:
        known.append(profile.kernel_running)
    return tuple(known)


def headers(case: Case, dist: Distribution) -> tuple[str, ...]:
    """Metapackages with headers for every bootable kernel's flavour.

    Adds KERNEL-FOREIGN for a kernel that is not of the release's own series or of no known
    flavour: the metapackage does not serve it.
    """
    rows = [row for row in dist.kernel_headers if row.arch == case.profile.arch]
    found: list[str] = []
    foreign: list[str] = []
    for kernel in bootable(case):
        package = next((row.package for row in rows if kernel.endswith(row.suffix)), None)
        own = numbers(kernel)[:2] == numbers(dist.kernel_series) or not dist.kernel_series
        if package is None or not own:
            foreign.append(kernel)
        if package is not None and package not in found:
            found.append(package)
    if not found and rows:
        found.append(rows[-1].package)
    if foreign:
        case.notice(
            "KERNEL-FOREIGN",
            f"The kernel {', '.join(foreign)} is not the release's own.",
            f"{dist.name} keeps headers for its own kernels only ({dist.kernel_series or '?'}); "
            "for this one they must come from where the kernel came from.",
            f"Install its headers (`apt install linux-headers-{foreign[0]}`, with backports "
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
    if offer.kernel_seen is None:
        return
    seen = numbers(offer.kernel_seen)
    newer = [kernel for kernel in bootable(case) if numbers(kernel)[:2] > seen]
    if newer:
        case.notice(
            "KERNEL-UNTESTED",
            f"Driver {offer.version} may not build for kernel {', '.join(newer)}.",
            f"Its maker claims kernels up to {offer.kernel_seen}. The module is built and checked "
            "before any reboot, so the host stays as it is if that fails.",
            "Boot the release's own kernel where a newer one is not needed.",
        )


def secure_boot(case: Case) -> None:
    """SECURE-BOOT: a module that DKMS builds is signed with a key that the firmware must know."""
    if case.profile.secure_boot:
        case.notice(
            "SECURE-BOOT",
            "Secure Boot is on: the kernel loads only modules that are signed with a known key.",
            "DKMS signs what it builds with the machine's own key; the firmware does not know it "
            "until a person confirms it at the console.",
            "`mokutil --import /var/lib/dkms/mok.pub`, reboot, confirm at the console; or switch "
            "Secure Boot off.",
        )
