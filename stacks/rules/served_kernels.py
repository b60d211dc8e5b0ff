"""Which of the host's kernels get a module; a kernel that cannot have one refuses the host only
where it boots next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.model.kernels import KernelPlan
from stacks.rules import kernel as kernel_rules
from stacks.rules.case import Case, numbers


def refused(case: Case) -> dict[str, str]:
    """Bootable kernels that the driver's own source refuses to be built for, with the reason.

    By the kernel's settings where they are known, else by its name.
    """
    found = {}
    for kernel in kernel_rules.bootable(case):
        options = case.profile.kernel_options.get(kernel)
        for row in case.catalog.drivers.kernel.refused:
            if options is None:
                hit = bool(row.name and re.search(row.name, kernel))
            else:
                hit = {*row.having} <= {*options} and not {*row.lacking} & {*options}
            if hit:
                found[kernel] = row.why
                break
    return found


def unbuildable(case: Case, offer: DriverOffer) -> dict[str, str]:
    """Bootable kernels for which the offered driver does not build, with the reason."""
    return {
        **dict.fromkeys(kernel_rules.too_old(case), "it is older than the driver supports"),
        **dict.fromkeys(
            kernel_rules.too_new(case, offer), f"driver {offer.version} does not build for it"
        ),
        **refused(case),
    }


def check_refused(case: Case) -> None:
    """KERNEL-REFUSED where no driver builds for the kernel that boots next."""
    bad = refused(case)
    if first := kernel_rules.blocking(case, bad):
        case.conflict(
            "KERNEL-REFUSED",
            f"No NVIDIA driver builds for kernel {first}, which boots next.",
            f"{bad[first]}.",
            f"Boot another kernel of {case.host}: install the ordinary one if it is not there, "
            "make it the default in the boot menu, then run this again; this one may stay.",
        )


def planned(case: Case, dist: Distribution, offer: DriverOffer) -> KernelPlan:
    """What becomes of the kernels: adds KERNEL-LEFT, KERNEL-COMES and KERNEL-NO-HEADERS."""
    left = unbuildable(case, offer)
    comes: tuple[str, tuple[str, ...]] = ("", ())
    if offer.modules == "dkms":
        gone = _gone(case, left)
        comes = _newer(case, dist, gone)
        left |= dict.fromkeys(gone, "its headers are in no package source of this host")
    if left:
        case.notice(
            "KERNEL-LEFT",
            f"No module is built for kernel {', '.join(left)}.",
            "; ".join(f"{kernel}: {why}" for kernel, why in left.items()) + ".",
            "Under that kernel there is no GPU; under the others there is. Remove it if nobody "
            "needs it.",
        )
    return KernelPlan(left, *comes)


def _gone(case: Case, left: Mapping[str, str]) -> list[str]:
    offers = case.profile.kernel_offers
    if offers is None:
        return []
    return [k for k in kernel_rules.bootable(case) if k in offers.gone and k not in left]


def _newer(case: Case, dist: Distribution, gone: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The kernel that comes and its packages, where that which boots next has lost its headers."""
    first = kernel_rules.next_boot(case)
    offers = case.profile.kernel_offers
    if offers is None or first is None or first not in gone:
        return "", ()
    meta = kernel_rules.metapackage(case, dist, first)
    newest = offers.newest.get(meta, "")
    newer = all(numbers(newest) > numbers(k) for k in kernel_rules.bootable(case))
    if newest and newer and case.profile.kernel_newest_boots:
        image = meta.replace("linux-headers-", "linux-image-").removesuffix("-devel")
        running = " It runs now: a reboot is needed." if _runs(case, first) else ""
        case.notice(
            "KERNEL-COMES",
            f"Kernel {newest} comes with this run and boots next.",
            f"No package source has the headers of {first} any more, so no module can be built "
            f"for it.{running}",
            "Reboot after the run (host data `reboot: if-needed` lets the run do it); the GPU is "
            "there from then on. To keep this kernel, install its headers before.",
        )
        return newest, (image, meta)
    why = (
        f"the boot menu leads to {first} whatever comes"
        if newest and not case.profile.kernel_newest_boots
        else f"the newest that its sources have, {newest}, would not boot next"
        if newest
        else "it is not of the distribution's own, or its sources have dropped it"
    )
    case.conflict(
        "KERNEL-NO-HEADERS",
        f"No module can be built for kernel {first}, which boots next.",
        f"/lib/modules/{first}/build leads to no headers, no package source of this host has them, "
        f"and {why}.",
        f"Install its headers from where the kernel came from, so that /lib/modules/{first}/build "
        "leads to them.",
        f"Or boot {case.host}'s own newest kernel: install it, make it the default in the boot "
        "menu, reboot.",
    )
    return "", ()


def _runs(case: Case, kernel: str) -> bool:
    return case.profile.kernel_running == kernel
