"""What a person reads at the end: each workspace with its verdict and the way into it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from tasks.finding import Finding
from tasks.steps import progress, screen


@dataclass
class _Line:
    """What is known of one host at the end of the run."""

    verdict: str = "UNKNOWN"
    why: str = "it was not reached"
    rest: list[str] = field(default_factory=list)

    def stopped_at(self, why: str) -> None:
        """Say how far the run came."""
        self.why = why


_lines: dict[str, _Line] = {}


def register(host: Host) -> None:
    """Give this host a line, and see to it that the lines are printed."""
    progress.register(_lines, host, lambda _: _Line(), _print)


def refused(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """Nothing was changed on this host, and why."""
    line = _lines[host.name]
    line.verdict, line.why = "REFUSED", "no workspace was changed"
    line.rest = [f"{c.code}: {c.what}: {c.why}. Do: {c.remedies[0]}" for c in conflicts]


def planned(host: Host) -> None:
    """Preconditions are met: until more is known, that is its line."""
    line = _lines[host.name]
    line.verdict, line.why = "PLANNED", "nothing was run"


def judged(host: Host, level: str) -> None:
    """The verdict of the host; `workspace` adds what it is made of."""
    line = _lines[host.name]
    line.verdict, line.why, line.rest = level, "", []


def workspace(
    host: Host, user: str, image: str, proof: str, found: list[Finding], entrance: list[str]
) -> None:
    """One workspace of a host."""
    rest = _lines[host.name].rest
    rest.append(f"{user}: {image}, proof: {proof}")
    rest += [f"  {f.code} ({f.level}): {f.what}; {f.observed}. {f.remedy}" for f in found]
    rest += [f"  {line}" for line in entrance]


def note(host: Host, text: str) -> None:
    """A line more for this host."""
    _lines[host.name].rest.append(text)


def _print() -> None:
    said = ["", "gpuwright workspaces"]
    for name, line in _lines.items():
        why = f" ({line.why})" if line.why else ""
        said += [f"{name}: verdict {line.verdict}{why}", *(f"  {text}" for text in line.rest)]
    screen.say(said)
