"""What a person reads at the end: one table over all hosts, printed whatever happened to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyinfra.api.host import Host

from facts.host import HostProbe
from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from stacks.rules import support
from tasks.driver import state as driver_state
from tasks.driver.main_modules import main_modules
from tasks.driver.state import library_version
from tasks.finding import Finding
from tasks.steps import progress, screen
from tasks.steps.record import TorchImport
from tasks.steps.step import last_seen
from tasks.verify.parts import parts

_NATIVE = ("CUDA", "cuDNN", "torch")
_CONTAINERS = ("engine", "toolkit")


@dataclass
class Line:
    """What is known of one host at the end of the run."""

    host: str
    verdict: str = "UNKNOWN"
    proof: str = "none (the run did not get there)"
    gpus: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seen_last: Callable[[], dict[str, str]] | None = None
    """The versions as they were when the host was looked at last; None: it was not planned."""

    def stopped_at(self, why: str) -> None:
        """Say how far the run came."""
        self.proof = f"none ({why})"


_lines: dict[str, Line] = {}


def register(host: Host) -> None:
    """Give this host a line in the report, and see to it that the report is printed."""
    progress.register(_lines, host, Line, _print)


def planned(
    host: Host,
    state: HostState,
    plan: Plan,
    more: Mapping[str, str] | None = None,
    more_now: Callable[[HostState], Mapping[str, str]] | None = None,
) -> None:
    """The host has a plan: until more is known, that is its line; `more` columns with it.

    `more_now` gives these columns for the host as it was seen last: a run that does not come to its
    verdict is told with those.
    """
    line = _lines[host.name]

    def seen() -> dict[str, str]:
        now: HostState = last_seen(host, HostProbe) or state
        return {**versions(now, plan), **(more_now(now) if more_now else more or {})}

    line.seen_last = seen
    line.verdict = "PLANNED"
    line.proof = "none (nothing was run)"
    line.gpus = gpus(state, plan)
    line.versions = {**versions(state, plan), **(more or {})}
    line.notes = [f"{n.code}: {n.what} {n.remedy}" for n in plan.notices]


def refused(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """The host cannot be made to fit."""
    line = _lines[host.name]
    line.verdict = "REFUSED"
    line.proof = "none (nothing was changed)"
    line.notes = [f"{c.code}: {c.what} Do: {c.remedies[0]}" for c in conflicts]


def judged(
    host: Host,
    state: HostState,
    plan: Plan,
    level: str,
    proof: str,
    found: tuple[Finding, ...],
    torch: TorchImport | None,
    more: Mapping[str, str] | None = None,
) -> None:
    """The verdict of one host; `more` columns with it."""
    line = _lines[host.name]
    line.verdict, line.proof = level, proof
    line.notes = support.without_forecast(line.notes)
    line.versions = {**versions(state, plan), **(more or {})}
    if torch and torch.version:
        line.versions["torch"] = f"{torch.version}\nCUDA {torch.cuda}, cuDNN {torch.cudnn}"
        line.notes.append(
            f"torch was imported at {torch.checked}; its environment, the driver and the "
            "boot are the same since"
        )
    said = [
        f"{f.code} ({f.level}): {f.what}; {f.observed}. {f.remedy} (interrupts {f.interrupts})"
        for f in found
    ]
    # A host that is judged twice in one run says a thing once.
    line.notes += [note for note in said if note not in line.notes]


def gpus(state: HostState, plan: Plan) -> str:
    """The cards on the bus, counted: ``8 × h100``."""
    counted: dict[str, int] = {}
    for gpu in plan.gpus:
        name = gpu.model or f"10de:{gpu.pci_id}"
        counted[name] = counted.get(name, 0) + 1
    return ", ".join(f"{n} × {name}" for name, n in counted.items()) or "none"


def versions(state: HostState, plan: Plan) -> dict[str, str]:
    """What is on the host by component, as seen, in the words of the report."""
    next_boot = driver_state.next_boot(state)
    loaded = state.driver.loaded
    library = library_version(state)
    seen = {
        "driver": (library or "none") + (f", loaded {loaded}" if loaded else ""),
        "next boot": f"{next_boot.kernel or '?'}\n{_readiness(state, next_boot)}",
    }
    for part in parts(state, plan):
        seen |= part.seen
    return seen


def _readiness(state: HostState, next_boot: driver_state.NextBoot) -> str:
    if next_boot.served:
        return "module ready"
    there = main_modules(state, next_boot.kernel)
    return "module does NOT fit" if there else "NO module"


def _print() -> None:
    for line in _lines.values():
        if line.verdict in ("UNFINISHED", "FAILED") and line.seen_last is not None:
            line.versions = line.seen_last()
    columns = ["driver", "next boot"]
    known = {name for line in _lines.values() for name in line.versions}
    if known & {*_CONTAINERS}:
        columns += [*_CONTAINERS, *(name for name in _NATIVE if name in known)]
    else:
        columns += _NATIVE
    screen.verdicts(
        "gpuwright report",
        ["host", "GPUs", *columns, "verdict"],
        (
            [line.host, line.gpus, *(line.versions.get(c, "–") for c in columns), line.verdict]
            for line in _lines.values()
        ),
    )
    for line in _lines.values():
        said = f"{line.host}: verdict {line.verdict}, proof: {line.proof}"
        screen.say([said, *(f"  {note}" for note in line.notes)])
