"""The host as a whole: readings, count, model, errors of the boot, CUDA, kernel, engine. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from stacks.catalog.read import load_catalog
from tasks.acceptance.rules import Action, Fault, LeftOut
from tasks.acceptance.subject import Proven, Subject
from tasks.faults.catalog import XidAction, xids
from tasks.health.device_rules import xids_of_boot

Found = Iterator[Fault | LeftOut]
_MANY = re.compile(r"[0-9a-fA-F]{1,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}")


def readings(subject: Subject) -> Found:
    """GPU-SILENT: nvidia-smi could be asked and gave no answer that can be read."""
    health = subject.health
    if not health.asked:
        yield LeftOut("readings", f"no readings of the GPUs: {health.why}")
    elif health.why:
        yield Fault("GPU-SILENT", "silent", health.why)


def count(subject: Subject) -> Found:
    """GPU-MISSING: fewer than on the bus, or than host data announce."""
    if not subject.health.asked or subject.health.why or _says(subject, "D23", "D22"):
        return
    if len(subject.devices) < subject.wanted:
        listed = {d.pci for d in subject.devices}
        lost = [g.address for g in subject.state.gpus if g.address not in listed]
        told = f"{len(subject.devices)} listed" + (
            f"; not listed: {', '.join(lost)}" if lost else ""
        )
        yield Fault("GPU-MISSING", "missing", told, limit=f"{subject.wanted} GPUs")


def model(subject: Subject) -> Found:
    """GPU-MODEL: another card than host data announce."""
    known = load_catalog().known
    wanted = Counter(gpu.model for gpu in subject.expected if gpu.model)
    if not wanted:
        yield LeftOut("model", "host data expected_gpus name no model")
        return
    ids = [(g.address, g.device) for g in subject.state.gpus]
    ids = ids or [(d.pci or "", d.device or "") for d in subject.devices]
    for address, device in ids:
        found = known.pci.get(device)
        if found not in wanted:
            told = f"10de:{device}" + (f" ({known.models[found].name})" if found else "")
            names = ", ".join(sorted(known.models[key].name for key in wanted))
            yield Fault("GPU-MODEL", "other-model", told, address, limit=names)


def xid(subject: Subject) -> Found:
    """GPU-XID: every error of this boot that has an action."""
    if subject.evidence.kernel_log is None:
        why = subject.evidence.unread.get("kernel_log", "the kernel's log was not read")
        yield LeftOut("xid", why)
        return
    data = xids()
    told = {"D22": data.lost, "D27": data.hangs}
    known = {n for code, numbers in told.items() if _says(subject, code) for n in numbers}
    seen: dict[tuple[int, str], list[str]] = {}
    for number, gpu, line in xids_of_boot(subject.evidence):
        if number not in (*data.ignored, *known):
            seen.setdefault((number, gpu), []).append(line)
    unknown = XidAction("look it up: this release does not know it", "WARN", (), "none")
    for (number, gpu), lines in seen.items():
        row = next((a for a in data.actions if number in a.xids), unknown)
        action: Action = row.action
        yield Fault(
            "GPU-XID",
            "xid",
            f"Xid {number}, {len(lines)} times: {lines[-1]}",
            gpu if _MANY.match(gpu) else "",
            level=row.level,
            action=action,
            remedy=row.do,
            source=data.source,
            disagree="operators disagree about 63 and 92" if number in (63, 92) else None,
        )


def cuda(subject: Subject) -> Found:
    """GPU-CUDA: cuInit, the count, and 1 MiB kept by each device."""
    answer = subject.cuda
    if answer is None:
        yield LeftOut("cuda", "no CUDA call was made: no driver is loaded")
        return
    if answer.works:
        missing = subject.wanted - len(answer.devices)
        if missing > 0 and not subject.mig:
            told = f"{len(answer.devices)} devices"
            yield Fault("GPU-CUDA", "cuda-none", told, limit=f"{subject.wanted} GPUs")
        return
    bad = [d for d in answer.devices if not d.memory_ok]
    for device in bad if answer.code == 0 else ():
        told = device.error or "what was read back differs"
        yield Fault("GPU-CUDA", "cuda-memory", told, device.pci or "")
    if not bad and not _says(subject, "CUDA-FAILS", "D25", "D26", "D28") and subject.wanted:
        # Where no call could be made, nothing is known of the GPUs.
        open_ = answer.code is None
        yield Fault(
            "GPU-CUDA", "cuda-none", answer.sentence, level="UNKNOWN" if open_ else "CRITICAL"
        )


def kernel(subject: Subject) -> Found:
    """GPU-KERNEL, GPU-UNPROVEN: one kernel per GPU whose result was checked."""
    test = subject.health.selftest
    if test is not None and (test.wrong or (test.devices and test.computed is False)):
        told = test.wrong or "a sum on the first GPU is wrong"
        yield Fault("GPU-KERNEL", "wrong-kernel", told)
    elif not proven(subject).checked:
        yield Fault("GPU-UNPROVEN", "unproven", proven(subject).text)
    elif subject.mig:
        yield LeftOut("kernel", "cards cut into slices (MIG): CUDA gives a program one slice")


def proven(subject: Subject) -> Proven:
    """What ran on the GPUs."""
    test, many = subject.health.selftest, len(subject.devices)
    if test is None:
        why = subject.health.unread.get("load", "the self-test was not run")
        silicon = subject.cuda is not None and subject.cuda.works
        return Proven(f"none ({'' if silicon else 'no silicon answers here; '}{why})")
    if test.late:
        return Proven("none (the self-test did not end in time: a cold disk, or a GPU that hangs)")
    if test.backend == "nccl" and not test.wrong and test.processes >= (1 if subject.mig else many):
        return Proven(f"kernel (all-reduce and training over {test.processes} GPUs, checked)", True)
    alone = subject.wanted <= 1
    if test.computed and not test.wrong and alone:
        return Proven("kernel (a sum on the GPU, checked)", True)
    return Proven(f"none (the self-test used {test.backend or 'nothing'} on {test.devices} GPUs)")


def container(subject: Subject) -> Found:
    """GPU-CONTAINER: the proof that the engine's own deploy makes."""
    if subject.container is None:
        yield LeftOut("container", subject.no_container or "no container engine is planned here")
        return
    if subject.container.findings:
        for finding in subject.container.findings:
            yield Fault(
                "GPU-CONTAINER",
                "container",
                f"{finding.code}: {finding.observed}",
                remedy=finding.remedy,
            )
    elif subject.container.text.startswith("none"):
        yield LeftOut("container", subject.container.text)


def _says(subject: Subject, *codes: str) -> bool:
    """Whether the doctor names one of these already."""
    return any(named.code in codes for named in subject.named)
