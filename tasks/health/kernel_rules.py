"""Is there a module for each kernel, and if not, why? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from facts.model.boot import Kernel
from tasks.finding import Level
from tasks.health.case import Case, Fault
from tasks.health.load_rules import log
from tasks.health.makelog import kernel_compiler, reason

_KILLED = re.compile(r"Out of memory: Killed process \d+ \((?:cc1|ld|make|as)\b")
_ROOM_MB = 100
"""The build of the open module takes more below /var and /tmp (580: some 300 MB)."""


def missing(case: Case) -> Iterator[Fault]:
    """D1 to D7: exactly one code for each kernel without a module, one fault per code."""
    if not case.has_driver:
        return
    grouped: dict[str, Fault] = {}
    for kernel in case.subjects():
        if case.modules(kernel):
            continue
        fault = _why(case, kernel)
        known = grouped.get(fault.code)
        if known is None:
            grouped[fault.code] = fault
        else:
            grouped[fault.code] = replace(
                known,
                kernels=(*known.kernels, kernel),
                what=f"{known.what}; the same for {kernel}",
                observed=f"{known.observed}; {fault.observed}",
            )
    yield from grouped.values()


def _why(case: Case, kernel: str) -> Fault:
    installed = next((k for k in case.state.kernels.installed if k.release == kernel), None)
    if installed is None:
        return _gone(case, kernel)
    if _precompiled(case):
        return _not_shipped(case, kernel)
    if not installed.headers:
        return _no_headers(case, kernel)
    return _not_built(case, installed)


def _level(case: Case, kernel: str) -> Level:
    return "CRITICAL" if case.matters(kernel) else "WARN"


def _called(case: Case, kernel: str) -> str:
    roles = []
    if kernel == case.state.kernels.running and not case.container:
        roles.append("which runs")
    if kernel == case.state.kernels.next_boot:
        roles.append("which boots next")
    return f"kernel {kernel}" + (f", {' and '.join(roles)}" if roles else "")


def _gone(case: Case, kernel: str) -> Fault:
    served = sorted({m.kernel for m in case.state.driver.modules})
    return Fault(
        "D7",
        "CRITICAL",
        f"the modules of the running kernel {kernel} are gone",
        f"/lib/modules/{kernel} does not exist; kernels with an NVIDIA module: "
        + (", ".join(served) or "none"),
        (kernel,),
    )


def _precompiled(case: Case) -> bool:
    """The driver's modules come as packages, one per kernel, and nothing is built here."""
    names = [p.name for p in case.driver_packages]
    shipped = any(n.startswith(("linux-modules-nvidia-", "kmod-nvidia")) for n in names)
    return shipped and not any("dkms" in n for n in names)


def _not_shipped(case: Case, kernel: str) -> Fault:
    have = sorted(
        p.name for p in case.driver_packages if p.name.startswith(("linux-modules-", "kmod-"))
    )
    return Fault(
        "D6",
        _level(case, kernel),
        f"there is no precompiled NVIDIA module for {_called(case, kernel)}",
        f"installed: {', '.join(have[:6])}",
        (kernel,),
        {"kernel": kernel, "package": _shipped_package(case, kernel, have)},
    )


def _shipped_package(case: Case, kernel: str, have: list[str]) -> str:
    """The module package for this kernel, named as those of the other kernels are.

    ``linux-modules-nvidia-580-server-6.8.0-45-generic``: branch and kind before the release. Red
    Hat's ``kmod-nvidia-580.159.04-5.14.0-503`` has the driver's version there.
    """
    for name in have:
        kind = re.match(r"(linux-modules-nvidia-\d+(?:-server)?(?:-open)?)-", name)
        if kind:
            return f"{kind[1]}-{kernel}"
    if case.state.package_manager.kind == "dnf":
        return f"kmod-nvidia-*{kernel}*"
    return f"linux-modules-nvidia-{(case.user or 'BRANCH').split('.')[0]}-{kernel}"


def _no_headers(case: Case, kernel: str) -> Fault:
    about = case.evidence.headers.get(kernel)
    link = (
        f"its build link leads to {about.link}, which is not there"
        if about and about.link
        else (f"/lib/modules/{kernel}/build does not exist")
    )
    if about is not None and about.offered == "":
        return Fault(
            "D2",
            _level(case, kernel),
            f"there is no NVIDIA module for {_called(case, kernel)}, and no headers to be had",
            f"{link}; the package manager offers no headers for it",
            (kernel,),
            {"kernel": kernel, "flavour": _flavour(kernel)},
        )
    return Fault(
        "D1",
        _level(case, kernel),
        f"there is no NVIDIA module for {_called(case, kernel)}, and its headers are missing",
        f"{link}; {_dkms(case)}",
        (kernel,),
        {"kernel": kernel},
    )


def _flavour(kernel: str) -> str:
    """``cloud-amd64`` of ``6.1.0-56-cloud-amd64``, ``aws`` of ``6.8.0-1015-aws``."""
    words = kernel.split("-")
    rest = [w for i, w in enumerate(words) if i and not w[:1].isdigit()]
    return "-".join(rest) or "generic"


def _not_built(case: Case, kernel: Kernel) -> Fault:
    release = kernel.release
    compiler = kernel_compiler(kernel.compiler)
    values = {**case.dkms, "kernel": release, "compiler": compiler}
    for told in case.evidence.build_logs:
        found = reason(told.lines) if told.kernel == release else None
        if found:
            return Fault(
                found[0],
                _level(case, release),
                f"the build of the NVIDIA module for {_called(case, release)} failed",
                f"{told.path}: {found[1]}"
                + (f"; the kernel was built with {kernel.compiler}" if kernel.compiler else ""),
                (release,),
                values,
            )
    if room := no_room(case) or _no_memory(case):
        return Fault(
            "D5",
            _level(case, release),
            f"there is no NVIDIA module for {_called(case, release)}, and no room to build one",
            room,
            (release,),
            values,
        )
    return Fault(
        "D1",
        _level(case, release),
        f"there is no NVIDIA module for {_called(case, release)}",
        f"its headers are there; {_dkms(case)}",
        (release,),
        values,
        cause="nothing has built it since the kernel was installed, or the file was removed",
        key="built",
    )


def no_room(case: Case) -> str:
    """Where a build has no room; empty where it has.

    On a full disk dkms cannot even copy the source, and its log tells of a missing Makefile.
    """
    full = [m for p in ("/var", "/tmp") if (m := case.state.mounts.get(p)) and m.free_mb < _ROOM_MB]
    return "; ".join(f"{m.path}: {m.free_mb} MB free" for m in full)


def _no_memory(case: Case) -> str:
    """The compiler was killed; make.log may have been lost with it."""
    return next(iter(log(case, _KILLED)), "")


def _dkms(case: Case) -> str:
    told = [
        f"{b.module}/{b.version} {b.state}" + (f" for {b.kernel}" if b.kernel else "")
        for b in case.state.dkms or ()
        if "nvidia" in b.module
    ]
    return "DKMS: " + (", ".join(told) or "nothing of NVIDIA")
