"""What the repair says: the plan before, the outcome after. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.model import plain
from tasks.doctor import block
from tasks.doctor.tree import Diagnosis
from tasks.health.case import Case
from tasks.repair.repair_plan import Act, ManualAction, RepairPlan

_REBOOT = {
    "never": "never (--data reboot=if-needed allows one)",
    "if-needed": "if it is needed, nobody uses the GPU or is logged in, and the next boot is ready",
    "now": "if it is needed, even while programs use the GPU",
}


def plan(host: str, case: Case, answer: Diagnosis, repair_plan: RepairPlan) -> str:
    """The block before: every act in its order, and what a person must do."""
    if not answer.findings:
        ready = f"  next_boot_ready: {answer.next_boot}"
        return plain.block([f"{host}: OK, nothing to repair", ready, f"  proof: {proof(case)}"])
    lines = [f"{host}: {answer.level}; the repair:"]
    told = {finding.code: finding for finding in answer.findings}
    for number, act in enumerate(repair_plan.acts, 1):
        first = told[act.codes[0]]
        what = (
            f"{', '.join(act.codes)}: {first.what}" if len(act.codes) == 1 else ", ".join(act.codes)
        )
        lines.append(f"  {number}. {what}")
        lines += [f"     seen: {told[code].observed}" for code in act.codes]
        lines.append(f"     {act.title}")
        if act.shown:
            lines.append(f"     {act.shown}")
        if act.interrupts != "nothing":
            lines.append(f"     interrupts {act.interrupts}")
    if repair_plan.acts:
        lines += [
            "  then: look again; repair what shows only then, and what stays by its next method;",
            "    nothing is done twice; a CUDA call where a driver is loaded; holds as they were",
            f"  reboot: {_REBOOT[repair_plan.reboot]}",
        ]
    elif repair_plan.left:
        lines.append("  nothing that can be done from here")
    lines += _left(repair_plan.left)
    return plain.block(lines)


def outcome(
    host: str, case: Case, answer: Diagnosis, repair_plan: RepairPlan, done: list[tuple[Act, str]]
) -> str:
    """The block after: the doctor's own, what was done and how it went, what is left."""
    lines = [f"  did {', '.join(act.codes)}: {act.title}: {result}" for act, result in done]
    lines.append(f"  proof: {proof(case)}")
    lines += _left(repair_plan.left)
    return f"{block.text(host, case, answer)}\n{plain.block(lines)}"


def _left(left: tuple[ManualAction, ...]) -> Iterator[str]:
    for one in left:
        yield f"  Manual action: {one.code} {one.level}: {one.what}"
        yield f"    do:  {one.do}"
        for reason in one.why:
            yield f"    why: {reason}"


def proof(case: Case) -> str:
    """``cuda-call (…)``, or ``none`` and why."""
    if case.cuda is not None:
        return case.cuda.sentence if case.cuda.works else f"none ({case.cuda.sentence})"
    if case.container:
        return f"none (a {case.state.system.container} container cannot load a driver)"
    if not case.state.gpus and case.state.jetson is None:
        return "none (no GPU is on the PCI bus)"
    return "none (no driver is loaded)" if not case.loaded else "none (no CUDA call was possible)"


def line(host: str, level: str, done: list[tuple[Act, str]], left: tuple[ManualAction, ...]) -> str:
    """One host in the closing list."""
    codes = list(dict.fromkeys(code for act, _ in done for code in act.codes))
    said = [f"{host}: {level}"]
    if codes:
        said.append(f"worked on {', '.join(codes)}")
    if left:
        said.append(f"left to a person: {', '.join(one.code for one in left)}")
    return "; ".join(said)
