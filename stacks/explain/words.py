"""A resolution in words, and as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from stacks.catalog.read import Catalog
from stacks.explain import lines as parts
from stacks.explain.wrapping import wrapped
from stacks.model.host import DEVICE, HostProfile
from stacks.model.image import ImagePlan, ImageResolution
from stacks.model.messages import Conflict, Notice, Reason
from stacks.model.plain import one_line
from stacks.model.plan import Plan, Resolution
from stacks.model.requests import Stack

_ORDER = (
    "stacks",
    "base",
    "repository",
    "driver",
    "kernel",
    "cuda",
    "cudnn",
    "torch",
    "services",
    "containers",
    "nccl",
)


def as_data(
    stack: Stack, profile: HostProfile, resolution: Resolution | ImageResolution
) -> dict[str, Any]:
    """The resolution, of a host or of an image, as plain data: what ``--json`` prints."""
    plan = resolution.plan
    return {
        "stack": stack.name,
        "host": {
            "os": profile.os,
            "arch": profile.arch,
            "gpus": [gpu.model or gpu.pci_id for gpu in profile.gpus + profile.expected_gpus],
            "jetson": profile.jetson_l4t,
        },
        "verdict": "plan" if plan else "conflict",
        "plan": {**asdict(plan), "digest": plan.digest} if plan else None,
        "conflicts": [asdict(conflict) for conflict in resolution.conflicts],
    }


def show(
    console: Console, stack: Stack, profile: HostProfile, resolution: Resolution, catalog: Catalog
) -> None:
    """Print the resolution for a person: the truth first, then a line per part, then notices."""
    say(console, _title(stack, profile, resolution, catalog), "", style="bold")
    console.print()
    if resolution.plan is None:
        conflicts(console, resolution.conflicts)
        return
    for sentence in _truth(resolution.plan):
        say(console, sentence, "")
    console.print()
    _parts(console, resolution.plan)
    _reasons(console, resolution.plan.reasons)
    _notices(console, resolution.plan.notices)


def show_image(
    console: Console, stack: Stack, profile: HostProfile, resolution: ImageResolution
) -> None:
    """Print the plan of an image for a person, as `show` prints a host's."""
    plan = resolution.plan
    if plan is None:
        say(console, f"Image of {stack.name} for {profile.arch}", "", style="bold")
        console.print()
        conflicts(console, resolution.conflicts)
        return
    title = f"Image {plan.name}:{plan.tag} of {stack.name}, {plan.arch}"
    console.print(Text(title, style="bold"))
    console.print()
    for sentence in _image_truth(plan):
        say(console, sentence, "")
    console.print()
    _rows(console, parts.image(plan))
    _reasons(console, plan.reasons)
    _notices(console, plan.notices)


def _image_truth(plan: ImagePlan) -> list[str]:
    inside = f"PyTorch {plan.torch.version} with its own CUDA {plan.torch.cuda}"
    also = f", and CUDA {plan.cuda.version} beside it" if plan.cuda else ""
    return [
        f"The image holds {inside}{also}; JupyterLab and TensorBoard are in PyTorch's environment.",
        "It holds no driver: the container toolkit brings the host's.",
    ]


def _title(stack: Stack, profile: HostProfile, resolution: Resolution, catalog: Catalog) -> str:
    dist = catalog.distributions.get(profile.os)
    system = f"Jetson Linux {profile.jetson_l4t}" if profile.jetson_l4t else None
    own = resolution.plan.jetson if resolution.plan else None
    if own:
        system = f"{system} (JetPack {own.jetpack})"
    counts: dict[str, int] = {}
    # A Jetson has its GPU in itself, and the plan knows which.
    there = profile.gpus + profile.expected_gpus
    for gpu in there or (resolution.plan.gpus if resolution.plan else ()):
        word = gpu.model or (f"{DEVICE}{gpu.pci_id}" if gpu.pci_id else "?")
        row = catalog.known.models.get(word)
        name = profile.gpu_names.get(word) or (row.name if row else word)
        counts[name] = counts.get(name, 0) + 1
    gpus = ", ".join(f"{n} × {name}" if n > 1 else name for name, n in counts.items())
    host = system or (dist.name if dist else profile.os)
    nothing = "its own GPU" if system else "no GPU"
    return f"{stack.name} on {host}, {profile.arch}, {gpus or nothing}"


def _truth(plan: Plan) -> list[str]:
    if plan.containers and plan.torch is None:
        engines = ", ".join(f"{e.engine} {e.version}" for e in plan.containers.engines)
        return [
            f"A container host: the driver, {engines}, and NVIDIA Container Toolkit "
            f"{plan.containers.toolkit.version}.",
            "CUDA, cuDNN and PyTorch are in the image: the same command with `--image`.",
        ]
    if plan.torch and plan.cuda:
        return [
            f"Two stacks, one driver: the system gets CUDA {plan.cuda.version}"
            + (f" with cuDNN {plan.cudnn.version}" if plan.cudnn else "")
            + f"; PyTorch {plan.torch.version} lives in a venv of its own and brings CUDA "
            f"{plan.torch.cuda} and cuDNN {plan.torch.cudnn}.",
            "They share only the driver, and nothing of the one can be compiled against the other.",
        ]
    if plan.torch and not plan.torch.bundled:
        return [
            f"One stack: PyTorch {plan.torch.version} in a venv, with JetPack's own CUDA "
            f"{plan.torch.cuda} and cuDNN {plan.torch.cudnn}."
        ]
    if plan.jetson and plan.cuda:
        return [
            f"CUDA {plan.cuda.version} beside JetPack's own {plan.jetson.cuda}; cuDNN "
            f"{plan.jetson.cudnn or '?'} is JetPack's. No PyTorch."
        ]
    if plan.torch:
        return [
            f"One stack: PyTorch {plan.torch.version} in a venv brings CUDA {plan.torch.cuda} and "
            f"cuDNN {plan.torch.cudnn}; no CUDA toolkit is installed for the system."
        ]
    return ["The driver and what the system needs; no PyTorch."]


def _parts(console: Console, plan: Plan) -> None:
    rows = [row for source in plan.repositories for row in parts.repository(source)]
    rows += parts.driver(plan.driver) if plan.driver else []
    rows += parts.jetson(plan.jetson) if plan.jetson else []
    rows += parts.software(plan.cuda, plan.cudnn, plan.torch)
    rows += parts.containers(plan.containers) if plan.containers else []
    sized = (plan.driver, plan.cuda, plan.cudnn, plan.torch)
    rows.append(parts.disk(part.disk_mb for part in sized if part))
    _rows(console, rows)


def _rows(console: Console, rows: list[parts.Row]) -> None:
    for name, what, detail in rows:
        say(console, what, f"{name:<9}", "bold")
        if detail:
            say(console, detail, " " * 9, style="dim")
    console.print()


def _reasons(console: Console, reasons: tuple[Reason, ...]) -> None:
    console.print(Text("Why", style="bold"))
    known = {subject: place for place, subject in enumerate(_ORDER)}
    for reason in sorted(reasons, key=lambda r: known.get(r.subject, len(known))):
        say(console, reason.choice, f"  {reason.subject}: ", "bold")
        say(console, f"{reason.why}.", "    ")
        say(console, f"source: {reason.source}", "    ", style="dim")
    console.print()


def _notices(console: Console, notices: tuple[Notice, ...]) -> None:
    if not notices:
        return
    console.print(Text("Good to know", style="bold"))
    for notice in notices:
        say(console, notice.what, f"  {notice.code}: ", "yellow", hang=4)
        say(console, notice.why, "    ")
        say(console, notice.remedy, "    → ")
        say(console, f"source: {notice.source}", "    ", style="dim")


def conflicts(console: Console, found: tuple[Conflict, ...]) -> None:
    """Print what speaks against it, with the ways out."""
    console.print(Text("This cannot be done as asked.", style="bold red"))
    for conflict in found:
        console.print()
        say(console, conflict.what, f"{conflict.code}: ", "bold red", hang=2)
        say(console, conflict.why, "  ")
        say(console, "What you can do:", "  ")
        for place, remedy in enumerate(conflict.remedies, 1):
            say(console, remedy, f"    {place}. ")
        say(console, f"source: {conflict.source}", "  ", style="dim")


def say(
    console: Console,
    text: str,
    lead: str,
    lead_style: str = "",
    *,
    hang: int | None = None,
    style: str = "",
) -> None:
    """Print ``text`` after ``lead``; later lines hang below its start, or ``hang`` columns in."""
    indent = len(lead) if hang is None else hang
    lines = wrapped(one_line(text), console.width, len(lead), indent)
    for place, line in enumerate(lines):
        if place == 0:
            text_line = Text.assemble((lead, lead_style), (line[len(lead) :], style))
        else:
            text_line = Text(line, style=style)
        console.print(text_line, soft_wrap=True)  # what is copied may be wider
