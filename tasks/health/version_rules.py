"""Three versions of one driver: loaded, on the disk, in user space. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.driver import state as driver_state
from tasks.health.case import Case, Fault


def copies(case: Case) -> Iterator[Fault]:
    """D16: a second copy for one kernel, or an old one inside the initramfs."""
    for kernel in case.subjects():
        found = case.modules(kernel)
        if len({m.version for m in found if m.version}) > 1:
            foreign = next((m for m in found if m.version != case.user), found[-1])
            yield Fault(
                "D16",
                "CRITICAL" if case.matters(kernel) else "WARN",
                f"kernel {kernel} has modules of different versions",
                "; ".join(f"{m.path} {m.version}" for m in found),
                (kernel,),
                {"kernel": kernel, "path": foreign.path},
                cause="two origins brought a copy each; depmod takes one of them",
                key=None if re.search(r"/(updates|extra)/", foreign.path) else "copy",
            )
            return
    for copy in case.evidence.initramfs or ():
        if copy.older and copy.size != copy.disk_size:
            yield Fault(
                "D16",
                "CRITICAL",
                f"the initramfs of {copy.kernel} holds another module than the disk",
                f"{copy.image}: {copy.path}, {copy.size} bytes, older than the file on the disk "
                f"({copy.disk_size if copy.disk_size is not None else 'none there'})",
                (copy.kernel,),
                {"kernel": copy.kernel, "path": f"/{copy.path}"},
                cause="the initramfs was not rebuilt after the module",
            )
            return


def half(case: Case) -> Iterator[Fault]:
    """D15: the file on the disk and the libraries do not fit."""
    if not case.user:
        return
    bad = [
        m
        for kernel in case.subjects()
        for m in case.modules(kernel)
        if driver_state.is_of_another_version(m, case.user)
    ]
    if bad:
        yield Fault(
            "D15",
            "CRITICAL" if any(case.matters(m.kernel) for m in bad) else "WARN",
            "module file and libraries are of two versions",
            "; ".join(f"{m.path} {m.version}" for m in bad) + f"; libraries {case.user}",
            tuple(m.kernel for m in bad),
            {**case.dkms, "kernel": bad[0].kernel, "version": case.user},
        )


def outlived(case: Case) -> Iterator[Fault]:
    """D14: what is loaded is older than what lies there."""
    disk = {m.version for m in case.modules(case.state.kernels.running) if m.version}
    if not case.loaded or not case.user or case.loaded == case.user:
        return
    last = case.evidence.upgrades[-3:]
    yield Fault(
        "D14",
        "CRITICAL",
        "the loaded module and the libraries are of two versions",
        f"loaded {case.loaded}, on the disk {', '.join(sorted(disk)) or 'none'}, "
        f"libraries {case.user}" + (f"; apt: {' | '.join(last)}" if last else ""),
    )


def library(case: Case) -> Iterator[Fault]:
    """D18: a driver without libnvidia-ml."""
    if not case.has_driver or not case.state.driver.modules:
        return
    if any(lib.soname == "libnvidia-ml.so.1" for lib in case.state.driver.libraries):
        return
    if "driver.libraries" in case.state.unread:
        return
    names = sorted(
        p.name
        for p in case.driver_packages
        if p.name.startswith(("libnvidia-ml", "libnvidia-compute", "nvidia-driver-cuda-libs"))
    )
    yield Fault(
        "D18",
        "CRITICAL",
        "libnvidia-ml.so.1 is not where the loader looks",
        f"ldconfig -p does not list it; package: {', '.join(names) or 'not installed'}",
        values={
            "package": case.exact(
                names[0] if names else _package(case), case.loaded or _on_disk(case)
            )
        },
    )


def _on_disk(case: Case) -> str | None:
    return next((m.version for m in case.modules(case.kernel)), None)


def _package(case: Case) -> str:
    if case.state.package_manager.kind == "dnf":
        return "nvidia-driver-cuda-libs"
    if case.state.system.os.startswith("debian"):
        return "libnvidia-ml1"
    return f"libnvidia-compute-{(case.loaded or 'BRANCH').split('.')[0]}"


def firmware(case: Case) -> Iterator[Fault]:
    """D19: no GSP firmware of the version that is loaded, or that loads next."""
    if not case.has_driver or not case.state.driver.modules:
        return
    wanted = {case.loaded} if case.state.driver.loaded_flavour == "open" and case.loaded else set()
    for kernel in (case.kernel, case.state.kernels.next_boot):
        for module in case.modules(kernel):
            if module.version and "GPL" in (module.license or ""):
                wanted.add(module.version)
    lacking = sorted(wanted - set(case.evidence.gsp_firmware))
    if lacking:
        names = sorted(p.name for p in case.driver_packages if "firmware" in p.name)
        there = ", ".join(case.evidence.gsp_firmware) or "no version"
        yield Fault(
            "D19",
            "CRITICAL",
            f"the firmware of driver {', '.join(lacking)} is missing",
            f"/lib/firmware/nvidia has gsp_*.bin of {there}; the open module needs its own",
            values={"package": case.exact(names[0] if names else "nvidia-firmware", lacking[0])},
        )
