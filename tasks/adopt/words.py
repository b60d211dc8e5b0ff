"""What one host's adoption is told as: text for a person, and data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from stacks.model.messages import Conflict
from stacks.model.plain import block, one_line
from stacks.model.plan import Plan, Resolution
from stacks.rules import support
from tasks.adopt import proof
from tasks.adopt.adoption import Adoption
from tasks.deploy import deploy_of
from tasks.steps.answers import Answer

SAME = "The adopted plan is what is on the host, in every part that was adopted."


def refused(host: str, conflicts: Iterable[Conflict]) -> Answer:
    """A host of which nothing was written."""
    found = list(conflicts)
    lines = [f"{host}: not adopted"]
    for conflict in found:
        lines += [f"  {conflict.code}: {conflict.what}", f"    why: {conflict.why}"]
        lines += [f"    do: {remedy}" for remedy in conflict.remedies]
    data = {"verdict": "not-adopted", "conflicts": [asdict(one) for one in found]}
    return Answer("CRITICAL", block(lines), data)


def failed(host: str, why: str) -> Answer:
    """A host whose files could not be written."""
    return Answer(
        "CRITICAL",
        block([f"{host}: not adopted", f"  {why}"]),
        {"verdict": "not-adopted", "why": one_line(why)},
    )


def answer(
    host: str,
    name: str,
    adoption: Adoption,
    resolved: Resolution,
    news: Mapping[Path, str],
    stack_text: str,
    folder: Path,
) -> Answer:
    """A host whose files were written.

    Args:
        host: Its name.
        name: Name of its stack and group.
        adoption: What was read.
        resolved: The plan that the files lead to on the host as if it were bare.
        news: What became of each file.
        stack_text: Text of the stack.
        folder: Where the files are.
    """
    plan = resolved.plan
    assert plan is not None
    found = proof.differences(adoption.seen, adoption.stack, plan)
    losses = [one for one in adoption.left if one.loss]
    notes = [one for one in adoption.left if not one.loss]
    fatal = [n for n in plan.notices if n.code in support.FATAL]
    whole = not (found or losses or fatal)
    lines = [f"{host}: {'adopted' if whole else 'partly adopted'} as {name}"]
    lines += [f"  {word}: {path}" for path, word in news.items()]
    lines += _listed("Planned for another host like it", _parts(plan))
    lines += _listed("Host data", (f"{k}: {v}" for k, v in sorted(adoption.data.items())))
    lines += _listed("Not adopted", (one.text for one in losses))
    lines += _listed("Good to know", (one.text for one in notes))
    lines.append("")
    lines.append(
        f"  The adopted plan differs in: {'; '.join(d.text for d in found)}."
        if found
        else f"  {SAME}"
    )
    lines += [f"  Deploys refuse this plan: {n.code}: {n.what} {n.why}" for n in fatal]
    lines.append(f'  Next: put the new host into a group "{name}" of the inventory, then')
    lines.append(
        f"    pyinfra --group-data {folder / 'group_data'} INVENTORY --limit {name} deploys/plan.py"
    )
    lines.append(f"    pyinfra --group-data … INVENTORY --limit {name} {deploy_of(plan)}")
    data = {
        "verdict": "adopted" if whole else "partly",
        "group": name,
        "files": {str(path): word for path, word in news.items()},
        "stack": stack_text,
        "host_data": dict(adoption.data),
        "deploy": deploy_of(plan),
        "left": [asdict(one) for one in adoption.left],
        "differences": [one._asdict() for one in found],
        "refused": [n.code for n in fatal],
        "plan": plan.digest,
    }
    return Answer("OK" if whole else "WARN", block(lines), data)


def _parts(plan: Plan) -> list[str]:
    found = []
    if plan.driver:
        found.append(f"driver {support.driver(plan.driver)}")
    if plan.cuda:
        found.append(f"CUDA {support.cuda(plan.cuda)}")
    if plan.cudnn:
        found.append(f"cuDNN {support.cudnn(plan.cudnn)}")
    if plan.torch:
        found.append(f"PyTorch {support.torch(plan.torch)}")
    if plan.containers:
        found += [f"{part} {what}" for part, what in support.containers(plan.containers)]
    return found


def _listed(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"    {item}" for item in items]
    return [f"  {title}", *lines] if lines else []
