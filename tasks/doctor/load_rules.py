"""The module is on the disk: can it load, and has it? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.model import ModuleFile
from tasks.doctor.case import Case, Fault

_BLOCKED = re.compile(
    r"\b(?:modprobe\.blacklist|module_blacklist|rd\.driver\.blacklist)=(?:\S*,)?nvidia(?:,|\s|$)"
)
_REFUSED = re.compile(
    r"Key was rejected|Loading of unsigned module|module verification failed.*nvidia"
    r"|Required key not available|Loading of module with unavailable key"
)
_LOADED = re.compile(r"NVRM: loading NVIDIA UNIX")
_FLAVOUR = re.compile(
    r"requires use of the NVIDIA open kernel modules|not supported by open nvidia\.ko"
)


def log(case: Case, pattern: re.Pattern[str]) -> list[str]:
    """Lines of the kernel log that say such a thing, since the module was last loaded."""
    lines = case.evidence.kernel_log or ()
    loads = [i for i, line in enumerate(lines) if _LOADED.search(line)]
    return [line.strip() for line in lines[loads[-1] if loads else 0 :] if pattern.search(line)]


def nouveau(case: Case) -> Iterator[Fault]:
    """D8: nouveau has the card; in a container it would have another machine's."""
    bound = [d.address for d in case.state.pci if d.driver == "nouveau"]
    if case.container or not (bound or case.state.nouveau.loaded) or not case.state.gpus:
        return
    listed = case.state.nouveau.blacklisted_in
    yield Fault(
        "D8",
        "CRITICAL",
        "nouveau holds the card" if bound else "nouveau is loaded",
        f"bound: {', '.join(bound) or 'no card'}; blacklisted in {', '.join(listed) or 'no file'}",
        breaks=("container",) if listed else ("boot", "container"),
    )


def blocked(case: Case) -> Iterator[Fault]:
    """D13: a line somewhere keeps nvidia from loading."""
    if not case.has_driver:
        return
    files = case.state.driver.blocked_in
    word = _BLOCKED.search(f"{case.state.system.cmdline or ''} ")
    if files or case.evidence.blocks:
        yield Fault(
            "D13",
            "CRITICAL",
            "modprobe is told not to load nvidia",
            "; ".join((*files, *case.evidence.blocks)),
            values={"file": files[0] if files else "/etc/modprobe.d/*.conf"},
        )
    elif word and not case.container:
        yield Fault(
            "D13",
            "CRITICAL",
            "the kernel's command line keeps nvidia from loading",
            word[0].strip(),
            key="cmdline",
        )


def secure_boot(case: Case) -> Iterator[Fault]:
    """D10: Secure Boot refuses the module, as far as it is on and the module is not loaded."""
    modules = case.modules(case.kernel)
    if case.container or not case.state.secure_boot or case.loaded or not modules:
        return
    refused = log(case, _REFUSED)
    signers = sorted({m.signer for m in modules if m.signer})
    if not (refused or not signers or case.evidence.enrolled is False):
        return
    key = {True: "enrolled", False: "not enrolled", None: "not known"}[case.evidence.enrolled]
    yield Fault(
        "D10",
        "CRITICAL",
        "Secure Boot keeps the module out",
        f"signed by {', '.join(signers) or 'nobody'}; DKMS's key: {key}"
        + (f"; kernel: {refused[-1]}" if refused else ""),
    )


def wrong_kernel(case: Case) -> Iterator[Fault]:
    """D11: vermagic names another kernel than the folder."""
    bad: list[ModuleFile] = [
        m
        for kernel in case.subjects()
        for m in case.modules(kernel)
        if m.vermagic and m.vermagic.split()[0] != kernel
    ]
    if bad:
        yield Fault(
            "D11",
            "CRITICAL" if any(case.matters(m.kernel) for m in bad) else "WARN",
            f"the module for {', '.join(m.kernel for m in bad)} was built for another kernel",
            "; ".join(f"{m.path}: vermagic {(m.vermagic or '').strip()}" for m in bad),
            tuple(m.kernel for m in bad),
            {**case.dkms, "kernel": bad[0].kernel},
        )


def flavour(case: Case) -> Iterator[Fault]:
    """D12: the kernel says so, or the plan wants the other one."""
    said = log(case, _FLAVOUR)
    if said:
        yield Fault("D12", "CRITICAL", "the module's flavour does not drive these GPUs", said[-1])
        return
    wanted = case.plan.driver.flavour if case.plan and case.plan.driver else None
    kernels = (case.kernel, case.state.kernels.next_boot)
    wrong = {
        m.path: flavour_of(m)
        for kernel in dict.fromkeys(kernels)
        for m in case.modules(kernel)
        if wanted and flavour_of(m) not in (None, wanted)
    }
    if wrong:
        yield Fault(
            "D12",
            "CRITICAL",
            f"the module is {next(iter(wrong.values()))}; planned for these GPUs is {wanted}",
            ", ".join(wrong),
        )


def flavour_of(module: ModuleFile) -> str | None:
    """By its licence: the open module is «Dual MIT/GPL», the other one «NVIDIA»."""
    if not module.license:
        return None
    return "open" if "GPL" in module.license else "proprietary"


def not_loaded(case: Case) -> Iterator[Fault]:
    """NOT-LOADED: all is there for the running kernel, and nothing is loaded."""
    if case.container or case.state.driver.loaded != "" or not case.state.gpus:
        return
    running = case.state.kernels.running
    if modules := case.modules(running):
        yield Fault(
            "NOT-LOADED",
            "CRITICAL",
            "the module is there and is not loaded",
            f"{modules[0].path}; loaded: none",
            (running,),
        )
