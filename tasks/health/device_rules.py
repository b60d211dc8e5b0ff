"""The module is loaded and versions agree: does every GPU answer? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.evidence_model import Evidence
from stacks.catalog.read import load_catalog
from tasks.faults.catalog import XidAction, smi_exits, xids
from tasks.health.case import Case, Fault
from tasks.health.load_rules import log
from tasks.packages.installed import upstream

_XID = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]+)\): (\d+)")
_STAMP = re.compile(r"^\[\s*(\d+\.\d+)\]")
_LOST = re.compile(r"fallen off the bus")
_WEDGED = re.compile(r"unexpected WPR2 already up|failed to wait for GFW_BOOT")
_NO_START = re.compile(r"RmInitAdapter failed|rm_init_adapter failed|I/O region assigned to your")
_NO_FIRMWARE = re.compile(r"Direct firmware load for nvidia/|No firmware image found")
_FABRIC = re.compile(r"^(?:cuda-drivers-fabricmanager|nvidia-fabric-?manager)(?:-\d+)?$")


def recent_xids(case: Case) -> list[tuple[int, str, str]]:
    """Number, PCI address and line of each Xid that is not too old to matter."""
    oldest = (case.evidence.uptime_s or 0) - xids().hours * 3600
    return xids_of_boot(case.evidence, oldest)


def xids_of_boot(evidence: Evidence, oldest: float = 0) -> list[tuple[int, str, str]]:
    """The same of all Xids since that second of the boot."""
    found = []
    for line in evidence.kernel_log or ():
        stamp, said = _STAMP.match(line), _XID.search(line)
        if said and (stamp is None or float(stamp[1]) >= oldest):
            found.append((int(said[2]), said[1], line.strip()))
    return found


def lost(case: Case) -> Iterator[Fault]:
    """D22: exit 15 of nvidia-smi, Xid 79, or the kernel's own words."""
    told = [line for number, _, line in recent_xids(case) if number in xids().lost]
    told += log(case, _LOST)
    if case.evidence.smi and case.evidence.smi.code == 15:
        told += [line.strip() for line in case.evidence.smi.lines[:1]]
    if told:
        yield Fault("D22", "CRITICAL", "a GPU has fallen off the bus", told[-1])


def hangs(case: Case) -> Iterator[Fault]:
    """D27: nvidia-smi gives no answer, or the GPU's own processor does not."""
    hung = case.evidence.smi is not None and case.evidence.smi.code in (124, 137)
    told = [(gpu, line) for number, gpu, line in recent_xids(case) if number in xids().hangs]
    if hung or told:
        yield Fault(
            "D27",
            "CRITICAL",
            "the driver hangs",
            told[-1][1] if told else "nvidia-smi -L gave no answer within 20 s",
            values={"gpu": told[-1][0] if told else "INDEX"},
        )


def xid(case: Case) -> Iterator[Fault]:
    """XID: any other recent Xid that NVIDIA's catalogue has an action for."""
    data = xids()
    others = {*data.ignored, *data.hangs, *data.lost}
    found = [(n, gpu, line) for n, gpu, line in recent_xids(case) if n not in others]
    if not found:
        return
    number, _, line = found[-1]
    unknown = XidAction("look it up: the catalogue of this release does not know it", "WARN", ())
    action = next((a for a in data.actions if number in a.xids), unknown)
    yield Fault(
        "XID",
        action.level,
        f"{len(found)} Xid error(s) within {data.hours} hours, the last one {number}",
        line,
        values={"action": action.do},
    )


def smi_fails(case: Case) -> Iterator[Fault]:
    """SMI: any other exit of nvidia-smi that says that something is wrong."""
    smi = case.evidence.smi
    if smi is None or smi.code in (0, 6, 15, 124, 137, 255):
        return
    meaning = smi_exits().get(str(smi.code), "not known to this release")
    yield Fault(
        "SMI",
        "CRITICAL",
        f"nvidia-smi fails: {meaning}",
        f"nvidia-smi -L ends with {smi.code}" + "".join(f"; {line}" for line in smi.lines[:1]),
    )


def wedged(case: Case) -> Iterator[Fault]:
    """D20: the firmware of a GPU is in a bad state."""
    if told := log(case, _WEDGED):
        yield Fault("D20", "CRITICAL", "a GPU is wedged", told[-1], values={"gpu": "INDEX"})


def no_firmware(case: Case) -> Iterator[Fault]:
    """D19, as the kernel says it."""
    if told := log(case, _NO_FIRMWARE):
        names = sorted(p.name for p in case.driver_packages if "firmware" in p.name)
        yield Fault(
            "D19",
            "CRITICAL",
            "the kernel did not find the GPU's firmware",
            told[-1],
            values={"package": case.exact(names[0] if names else "nvidia-firmware", case.user)},
        )


def no_start(case: Case) -> Iterator[Fault]:
    """D21: the driver could not start a GPU."""
    if told := log(case, _NO_START):
        yield Fault("D21", "CRITICAL", "the driver could not start a GPU", told[-1])


def count(case: Case) -> Iterator[Fault]:
    """D23: bus, driver and expectation disagree."""
    bus = len(case.state.gpus)
    if bus and case.expected_gpus > bus:
        yield Fault(
            "D23",
            "CRITICAL",
            "there are fewer GPUs on the bus than expected",
            f"{bus} on the bus, {case.expected_gpus} expected: "
            + ", ".join(g.address for g in case.state.gpus),
        )
    elif case.evidence.smi and case.evidence.smi.code in (0, 6, 255) and bus:
        listed = sum(line.startswith("GPU ") for line in case.evidence.smi.lines)
        if listed < bus and not case.container:
            yield Fault(
                "D23",
                "CRITICAL",
                "nvidia-smi lists fewer GPUs than the bus has",
                f"{listed} listed, {bus} on the bus: "
                + ", ".join(f"{g.address} ({g.driver or 'no driver'})" for g in case.state.gpus),
            )


def no_gpu(case: Case) -> Iterator[Fault]:
    """NO-GPU: nothing to drive; host data may announce some for later."""
    if not case.state.gpus and not case.expected_gpus and case.state.jetson is None:
        yield Fault("NO-GPU", "WARN", "no NVIDIA GPU is on the PCI bus", "none of vendor 10de")


def persistence(case: Case) -> Iterator[Fault]:
    """D17: the daemon failed although the driver is loaded."""
    unit = case.state.units.get("nvidia-persistenced.service")
    if case.loaded and unit and unit.active == "failed":
        yield Fault("D17", "WARN", "nvidia-persistenced has failed", f"state: {unit.active}")


def fabric(case: Case) -> Iterator[Fault]:
    """D24: with NVSwitch, a Fabric Manager of exactly the driver's version must run."""
    if not any(d.is_nvswitch for d in case.state.pci) or not case.has_driver:
        return
    package = next(
        (p for n, p in case.state.packages.items() if p.installed and _FABRIC.match(n)), None
    )
    unit = case.state.units.get("nvidia-fabricmanager.service")
    version = upstream(package.version) if package else None
    told, stopped = [], False
    if version is None:
        told.append("no package nvidia-fabricmanager")
    elif case.user and version != case.user:
        told.append(f"Fabric Manager {version}, driver {case.user}")
    elif case.loaded and (unit is None or unit.active != "active"):
        told.append(f"nvidia-fabricmanager is {unit.active if unit else 'not there'}")
        stopped = True
    elif unit and unit.enabled in ("disabled", "masked"):
        told.append(f"nvidia-fabricmanager is {unit.enabled}: it does not start at boot")
        stopped = True
    if told:
        told += case.evidence.fabric_log[-1:]
        yield Fault(
            "D24",
            "CRITICAL",
            "NVSwitch is here without its Fabric Manager",
            "; ".join(told),
            values={
                "package": package.name if package else _fabric_package(case.user),
                "version": case.user or "VERSION",
            },
            key="stopped" if stopped else None,
        )


def _fabric_package(version: str | None) -> str:
    """Its name carries the branch up to some branch, and none from then on."""
    branch = (version or "").split(".")[0]
    first = load_catalog().drivers.fabric_manager.unnumbered_from
    new = not branch.isdigit() or int(branch) >= int(first)
    return "nvidia-fabricmanager" if new else f"nvidia-fabricmanager-{branch}"


def uvm(case: Case) -> Iterator[Fault]:
    """D25: nvidia_uvm or its device file."""
    if not case.loaded or not case.state.gpus:
        return
    node = next((n for n in case.evidence.nodes if n.path == "/dev/nvidia-uvm"), None)
    major = case.evidence.majors.get("nvidia-uvm")
    if "nvidia_uvm" not in case.state.driver.loaded_modules:
        told = "nvidia_uvm is not loaded"
    elif node is None:
        told = "/dev/nvidia-uvm does not exist"
    elif major is not None and node.major != major:
        told = f"/dev/nvidia-uvm has major {node.major}, /proc/devices says {major}"
    else:
        return
    yield Fault("D25", "CRITICAL", "CUDA cannot reach nvidia_uvm", told)


def compatibility(case: Case) -> Iterator[Fault]:
    """D26: what the loader takes for libcuda is cuda-compat's."""
    first = next((lib for lib in case.state.driver.libraries if lib.soname == "libcuda.so.1"), None)
    told = [f"ldconfig finds {first.path} first"] if first and "/compat/" in first.path else []
    told += [f"{s.file}: {s.text}" for s in case.state.settings if "/compat" in s.text]
    code = case.cuda.code if case.cuda else None
    if told or code == 804:
        yield Fault(
            "D26",
            "CRITICAL" if code == 804 else "WARN",
            "a compatibility libcuda comes before the driver's own",
            "; ".join(told) or str(case.cuda.sentence if case.cuda else ""),
        )


def call(case: Case) -> Iterator[Fault]:
    """D28 or CUDA-FAILS: the CUDA call failed and nothing above explains it."""
    if case.cuda is None or case.cuda.works or case.cuda.code is None:
        return
    if case.cuda.code == 802:
        yield Fault(
            "D28", "CRITICAL", "CUDA waits for a fabric that is not there", case.cuda.sentence
        )
    elif case.cuda.code != 804:
        yield Fault(
            "CUDA-FAILS",
            "CRITICAL",
            "a GPU is on the bus, but a CUDA call fails",
            case.cuda.sentence,
        )
