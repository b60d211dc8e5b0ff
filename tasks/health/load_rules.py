"""The module is on the disk: can it load, and has it? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.model.driver import ModuleFile
from facts.model.signing import SigningKey
from stacks.catalog.hardware import module_flavours
from stacks.catalog.read import load_catalog
from tasks.driver import signing_state
from tasks.driver import state as driver_state
from tasks.health.case import Case, Fault

_BLOCKED = re.compile(
    r"\b(?:modprobe\.blacklist|module_blacklist|rd\.driver\.blacklist)="
    r"[\"']?(?:[^\s,]*,)*nvidia(?:[-_]current)?(?=[,\s\"']|$)\S*"
)
_IDS = re.compile(r"\b10de:([0-9a-f]{4})\b", re.IGNORECASE)
_CLAIMANTS = ("vfio-pci", "pci-stub")
_CLAIMED = re.compile(r"\b(?:vfio[-_]pci|pci-stub)\.ids=\S*10de:\S*", re.IGNORECASE)
_REFUSED = re.compile(
    r"Key was rejected|Loading of unsigned module|module verification failed.*nvidia"
    r"|Required key not available|Loading of module with unavailable key"
    r"|Lockdown: \S+ unsigned module loading"
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
    word = _BLOCKED.search(_command_lines(case))
    if files or case.evidence.blocks:
        yield Fault(
            "D13",
            "CRITICAL",
            "modprobe is told not to load nvidia",
            "; ".join((*files, *case.evidence.blocks)),
            values={"file": files[0] if files else "/etc/modprobe.d/*.conf"},
        )
    elif word:
        yield Fault(
            "D13",
            "CRITICAL",
            "the kernel's command line keeps nvidia from loading",
            word[0].strip(),
            key="cmdline",
        )


def _command_lines(case: Case) -> str:
    """What the running kernel was told, and what those of the boot menu will be told, of modules.

    A container has another machine's running kernel; its boot menu is its own.
    """
    now = "" if case.container else case.state.system.cmdline or ""
    return " ".join((now, *case.evidence.next_cmdline))


def claimed(case: Case) -> Iterator[Fault]:
    """CARD-CLAIMED: vfio-pci or its like takes the card before nvidia can."""
    lines = [*case.evidence.claims, *_CLAIMED.findall(_command_lines(case))]
    ids = {found.lower() for line in lines for found in _IDS.findall(line)}
    taken = [
        gpu.address
        for gpu in case.state.gpus
        if gpu.device.lower() in ids
        or any(gpu.address in line for line in lines)
        or (gpu.driver in _CLAIMANTS and not case.container)
    ]
    if not case.has_driver or not (lines or taken):
        return
    all_of_them = len(taken) == len(case.state.gpus) > 0
    bound = [f"{g.address} is bound to {g.driver}" for g in case.state.gpus if g.address in taken]
    yield Fault(
        "CARD-CLAIMED",
        # Some cards for machines inside and some for this one is a way to live.
        "CRITICAL" if all_of_them else "WARN",
        "another driver takes the card at boot"
        if all_of_them
        else f"another driver takes {len(taken)} of {len(case.state.gpus)} GPUs at boot"
        if taken
        else "settings of a passthrough are left, which may give cards to another driver",
        "; ".join((*lines[:4], *(b for b in bound if b.split()[-1] in _CLAIMANTS))),
    )


def secure_boot(case: Case) -> Iterator[Fault]:
    """D10: Secure Boot or a lockdown refuses the module now, or will at the next boot."""
    why = signing_state.signatures_matter(case.state)
    if not why:
        return
    refused = log(case, _REFUSED)
    bad = [
        kernel
        for kernel in dict.fromkeys((case.kernel, case.state.kernels.next_boot))
        if kernel
        and case.modules(kernel)
        and (refused or not signing_state.takes(case.state, kernel))
        # What is loaded was let in, whatever its file says now; the next boot asks again.
        and not (case.loaded and (kernel == case.kernel or _signers(case, kernel)))
    ]
    if not bad:
        return
    standing = signing_state.standing(case.state, bad[0])
    key = signing_state.key_of(case.state, bad[0]) or signing_state.of_dkms(case.state)
    signers = sorted({signer for kernel in bad for signer in _signers(case, kernel)})
    yield Fault(
        "D10",
        "CRITICAL",
        "Secure Boot keeps the module out"
        if case.kernel in bad
        else f"Secure Boot will keep the module for {bad[0]} out",
        f"{why}; signed by {', '.join(signers) or 'nobody'}"
        + (f"; {key.path}: {_words(key)}" if key else "; no key of DKMS is here")
        + (f"; kernel: {refused[-1]}" if refused else ""),
        tuple(bad),
        {
            **case.dkms,
            "kernel": bad[0],
            "cert": key.path if key else "/var/lib/dkms/mok.pub",
            "private": key.private if key else "/var/lib/dkms/mok.key",
        },
        key=_remedy(case, standing),
    )


def _remedy(case: Case, standing: signing_state.Standing) -> str:
    """Which of the row's commands: without shim mokutil can ask for nothing."""
    if standing in ("needed", "pending") and not case.state.shim:
        return "no-shim" if case.state.secure_boot else "lockdown"
    return standing


def _words(key: SigningKey) -> str:
    if key.enrolled is None:
        return "nobody could tell whether it is enrolled"
    told = {True: "enrolled", False: "not enrolled"}[key.enrolled]
    told += ", waits for a person at the console" if key.pending else ""
    return told + (f", its private key has mode {key.mode:o}" if key.is_open else "")


def _signers(case: Case, kernel: str) -> list[str]:
    return sorted({m.signer for m in case.modules(kernel) if m.signer})


def wrong_kernel(case: Case) -> Iterator[Fault]:
    """D11: vermagic names another kernel than the folder."""
    bad: list[ModuleFile] = [
        m
        for kernel in case.subjects()
        for m in case.modules(kernel)
        if driver_state.foreign_kernel(m)
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
    """D12: the kernel says so, the GPUs ask for the other one, or the plan does."""
    said = log(case, _FLAVOUR)
    if said:
        yield Fault("D12", "CRITICAL", "the module's flavour does not drive these GPUs", said[-1])
        return
    kernels = dict.fromkeys((case.kernel, case.state.kernels.next_boot))
    modules = [m for kernel in kernels for m in case.modules(kernel)]
    planned = case.plan.driver.flavour if case.plan and case.plan.driver else None
    for device in case.state.gpus:
        name, able, last = _drivers_of(device.device)
        for module in modules:
            kind, branch = flavour_of(module), (module.version or "").split(".")[0]
            if kind and kind not in able:
                told = f"{name} takes the {' or '.join(able)} module, and this is the {kind} one"
            elif last and branch.isdigit() and int(branch) > int(last):
                told = f"branch {last} is the last that drives {name}, and this is {branch}"
            elif kind and planned and kind != planned:
                told = f"the plan asks for the {planned} module, and this is the {kind} one"
            else:
                continue
            yield Fault(
                "D12",
                "CRITICAL",
                "the module does not drive these GPUs",
                f"{told}: {module.path}",
            )
            return


def _drivers_of(device: str) -> tuple[str, tuple[str, ...], str | None]:
    """Name, module flavours and last branch of a PCI device; one not known takes them all."""
    catalog = load_catalog()
    model = catalog.known.models.get(catalog.known.pci.get(device.lower(), ""))
    if model is None:
        return f"10de:{device}", ("open", "proprietary"), None
    generation = catalog.gpus.generations.rows[model.generation]
    return model.name, module_flavours(model, generation), generation.last_branch


def flavour_of(module: ModuleFile) -> str | None:
    """By its licence: the open module is "Dual MIT/GPL", the other one "NVIDIA"."""
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
