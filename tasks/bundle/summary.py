"""What a person reads at the end about a bundle: a line per host, and what the folder holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from tasks.bundle.host_work import HostWork
from tasks.bundle.work import Work
from tasks.offline import manifest
from tasks.offline.manifest import BundleError
from tasks.steps import progress, screen
from tasks.steps.step import Commands, executing, step, this_host


@dataclass
class Line:
    """How far the run came with one host."""

    host: str
    verdict: str = "UNKNOWN"
    why: str = "the run did not get there"
    folder: Path | None = None

    def stopped_at(self, why: str) -> None:
        """Say how far the run came."""
        self.why = why


_lines: dict[str, Line] = {}


def register(host: Host) -> None:
    """Give this host a line, and see to it that the lines are printed."""
    progress.register(_lines, host, Line, _print)


def planned(host: Host, folder: Path) -> None:
    """The host has its work: until more is known, that is its line."""
    line = _lines[host.name]
    line.verdict, line.why, line.folder = "PLANNED", "nothing was run", folder


def refused(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """The host is left as it is."""
    line = _lines[host.name]
    line.verdict, line.why = "REFUSED", ", ".join(c.code for c in conflicts)


@step
def complete(image: Work | None, host: HostWork | None) -> Commands:
    """All that this host asks for is in the folder, whole."""
    if executing():
        line = _lines[this_host().name]
        told = [f"a host of {host.wanted.release} takes"] if host else []
        told += [f"a build of {image.plan.name} fetches"] if image else []
        line.verdict, line.why = "OK", f"all that {' and all that '.join(told)} is there"
    return
    yield


def _print() -> None:
    said = ["", *(f"{line.host}: verdict {line.verdict}: {line.why}" for line in _lines.values())]
    for folder in sorted({line.folder for line in _lines.values() if line.folder}):
        try:
            known = manifest.read(folder)
        except BundleError as error:
            said.append(f"bundle {error}")
            continue
        size = sum(entry.size for entry in known.files.values())
        said.append(
            f"bundle {folder}: {len(known.files)} files, {size // 2**20:,} MiB; "
            f"bases: {', '.join(known.bases) or 'none'}; locks: {', '.join(known.locks) or 'none'}"
            f"; hosts of: {', '.join(known.releases) or 'none'}"
            + (f"; signed by {known.key}" if known.key else "")
        )
    screen.say(said)
