"""What a person reads at the end about images: a line per host, whatever happened to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from stacks.rules import support
from tasks.image.work import Work
from tasks.steps import progress, screen


@dataclass
class Line:
    """What is known of one host's image at the end of the run."""

    host: str
    verdict: str = "UNKNOWN"
    proof: str = "none (the run did not get there)"
    image: str = "–"
    torch: str = "–"
    system: str = "–"
    notes: list[str] = field(default_factory=list)

    def stopped_at(self, why: str) -> None:
        """Say how far the run came."""
        self.proof = f"none ({why})"


_lines: dict[str, Line] = {}


def register(host: Host) -> None:
    """Give this host a line, and see to it that the lines are printed."""
    progress.register(_lines, host, Line, _print)


def planned(host: Host, work: Work) -> None:
    """The host has its work: until more is known, that is its line."""
    plan, line = work.plan, _lines[host.name]
    line.verdict, line.proof = "PLANNED", "none (nothing was run)"
    line.image = work.recipe.exact_name
    line.torch = f"{plan.torch.version}+{plan.torch.variant}\nCUDA {plan.torch.cuda}"
    parts = [f"CUDA {plan.cuda.version}"] if plan.cuda else []
    parts += [f"cuDNN {plan.cudnn.version}"] if plan.cudnn else []
    line.system = "\n".join(parts) or "none"
    line.notes = [f"{n.code}: {n.what} {n.remedy}" for n in plan.notices]


def refused(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """The host cannot be made to fit."""
    line = _lines[host.name]
    line.verdict, line.proof = "REFUSED", "none (nothing was changed)"
    line.notes = [f"{c.code}: {c.what} Do: {c.remedies[0]}" for c in conflicts]


def judged(host: Host, verdict: str, proof: str, notes: list[str]) -> None:
    """The verdict of the image's own self-test."""
    line = _lines[host.name]
    line.verdict, line.proof = verdict, proof
    line.notes = [*support.without_forecast(line.notes), *notes]


def _print() -> None:
    screen.verdicts(
        "gpuwright images",
        ("host", "image", "torch", "beside it", "verdict"),
        ((ln.host, ln.image, ln.torch, ln.system, ln.verdict) for ln in _lines.values()),
    )
    for line in _lines.values():
        said = f"{line.host}: verdict {line.verdict}, proof: {line.proof}"
        screen.say([said, *(f"  {note}" for note in line.notes)])
