"""The doctor's answer as text for a person and as data for a program. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from facts.model.boot import Kernel
from stacks.model import plain
from tasks.doctor.tree import Diagnosis, Named, Ready
from tasks.health.case import Case
from tasks.health.load_rules import flavour_of


def text(host: str, case: Case, answer: Diagnosis) -> str:
    """One block of lines for one host."""
    system = case.state.system
    gpus = ", ".join(f"{g.address} 10de:{g.device}" for g in case.state.gpus)
    lines = [
        f"{host}: {answer.level}" + ("" if answer.findings else ", nothing is wrong"),
        f"  {system.pretty}, {system.arch}"
        + (f", a {system.container} container" if case.container else ""),
        f"  GPUs: {len(case.state.gpus)}" + (f" ({gpus})" if gpus else ""),
        "  driver: " + ", ".join(f"{k} {v}" for k, v in versions(case).items()),
        *([f"  Secure Boot: {secure_boot(case)}"] if not case.container else []),
        *(f"  {line}" for line in kernels(case)),
        f"  next_boot_ready: {answer.next_boot}",
        f"  next_container_ready: {answer.next_container}",
    ]
    for finding in answer.findings:
        lines += _finding(finding)
    unread = {**case.state.unread, **case.evidence.unread}
    if unread:
        lines.append("  not seen: " + "; ".join(f"{k} ({why})" for k, why in unread.items()))
    return plain.block(lines)


def _finding(finding: Named) -> Iterator[str]:
    yield f"  {finding.code} {finding.level}: {finding.what}"
    yield f"    seen:  {finding.observed}"
    if finding.cause:
        yield f"    cause: {finding.cause}"
    yield f"    do:    {finding.remedy}"
    if finding.command:
        yield f"           {finding.command}"
    yield f"    needs: {finding.needs}; interrupts {finding.interrupts}"


def versions(case: Case) -> dict[str, str]:
    """The driver's three versions: loaded, on the disk for the first kernel, in user space."""
    disk = {m.version or "?" for m in case.modules(case.kernel)}
    loaded = "not asked (a container has its host's kernel)" if case.container else case.loaded
    return {
        "loaded": loaded or "none",
        "disk": ", ".join(sorted(disk)) or "none",
        "libraries": case.user or "none",
    }


def secure_boot(case: Case) -> str:
    """``on``, ``off`` or ``unknown``."""
    return {True: "on", False: "off", None: "unknown"}[case.state.secure_boot]


def kernels(case: Case) -> list[str]:
    """A line for each kernel that runs or can boot: module, headers, DKMS's word, who signed it."""
    known = {k.release: k for k in case.state.kernels.installed}
    return [_kernel(case, release, known.get(release)) for release in case.subjects()]


def _kernel(case: Case, release: str, kernel: Kernel | None) -> str:
    roles = [
        role
        for role, is_so in (
            ("running", release == case.state.kernels.running and not case.container),
            ("next", release == case.state.kernels.next_boot),
        )
        if is_so
    ]
    modules = ", ".join(m.version or "?" for m in case.modules(release))
    about = {
        word
        for m in case.modules(release)
        for word in (flavour_of(m), m.signer and f"signed by {m.signer}")
        if word
    }
    dkms = ", ".join(
        f"{b.module}/{b.version} {b.state}"
        for b in case.state.dkms or ()
        if b.kernel == release and b.module.startswith("nvidia")
    )
    return (
        f"kernel {release}"
        + (f" ({', '.join(roles)})" if roles else "")
        + f": module {modules or 'none'}, headers {'yes' if kernel and kernel.headers else 'no'}"
        + (f", DKMS {dkms}" if dkms else "")
        + "".join(f", {word}" for word in sorted(about))
    )


def data(case: Case, answer: Diagnosis) -> dict[str, Any]:
    """The same as plain dictionaries, lists and scalars."""
    return {
        "verdict": answer.level,
        "findings": [dataclasses.asdict(finding) for finding in answer.findings],
        "next_boot_ready": _ready(answer.next_boot),
        "next_container_ready": _ready(answer.next_container),
        "driver": versions(case),
        "secure_boot": case.state.secure_boot,
        "kernels": kernels(case),
        "gpus": [g.address for g in case.state.gpus],
        "not_seen": {**case.state.unread, **case.evidence.unread},
    }


def _ready(ready: Ready) -> dict[str, Any]:
    return {"ready": ready.ready, "why": ready.why}
