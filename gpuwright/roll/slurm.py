"""Slurm's nodes, by ``scontrol``.

A node has one reason for which it is drained, and it stays with the node. So the reason names the
roll, and only a node with that reason is resumed (scontrol(1), ``State`` and ``Reason``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gpuwright.roll.drains import DrainError, Standing, said
from stacks.model.plain import one_line

_STATE = re.compile(r"(?:^|\s)State=([A-Za-z_+*~#!%$@^-]+)")
_CPUS = re.compile(r"(?:^|\s)CPUAlloc=([0-9]+)")
_REASON = re.compile(r"(?:^|\s)Reason=(.*?)(?:\s+\[([^\]@]+)@[^\]]*\])?(?=\s+[A-Z][A-Za-z]*=|\s*$)")
_DRAIN = {"DRAIN", "DRAINED", "DRAINING", "DRNG"}
_OUT = {"DOWN", "FAIL", "FAILING", "MAINT", "MAINTENANCE"}
"""States in which a node has no jobs either, and that ``RESUME`` would end as well."""
_JOBS = {"ALLOCATED", "ALLOC", "MIXED", "MIX", "COMPLETING", "COMP"}


def standing(text: str, mark: str) -> Standing:
    """What ``scontrol show node NAME --oneliner`` says.

    Args:
        text: Its output.
        mark: This roll's reason.

    Raises:
        DrainError: It is no such output.
    """
    found = _STATE.search(text)
    if not found:
        raise DrainError(f"scontrol tells no state of the node: {one_line(text)[:200]!r}")
    flags = {flag.rstrip("*~#!%$@^-") for flag in found[1].upper().split("+")}
    reason, who = "", ""
    if why := _REASON.search(text):
        reason, who = why[1].strip(), why[2] or ""
    cpus = _CPUS.search(text)
    busy = flags & _JOBS or (cpus is not None and int(cpus[1]) > 0)
    jobs = f"Slurm's jobs ({found[1]}, {cpus[1] if cpus else '?'} CPUs)" if busy else ""
    drained = bool(flags & (_DRAIN | _OUT))
    # A node that reboots in its turn may be down for a while; whoever else puts one down has to
    # give a reason, which takes the place of ours.
    ours = drained and reason == mark
    told = one_line(reason) or "no reason is given"
    by = "" if ours or not drained else f"{found[1]}{f' by {one_line(who)}' if who else ''}: {told}"
    return Standing(drained, ours, by, jobs)


@dataclass
class Slurm:
    """Drains and resumes nodes for one roll."""

    roll: str
    command: Sequence[str] = ("scontrol",)

    @property
    def mark(self) -> str:
        """The reason of a node that this roll has drained. No blank: it may go through ssh."""
        return f"gpuwright-roll:{self.roll}"

    async def standing(self, node: str) -> Standing:
        """See `gpuwright.roll.drains.Scheduler`."""
        text = await said([*self.command, "show", "node", node, "--oneliner"])
        return standing(text.strip(), self.mark)

    async def drain(self, node: str) -> None:
        """See `gpuwright.roll.drains.Scheduler`."""
        update = ["update", f"NodeName={node}", "State=DRAIN", f"Reason={self.mark}"]
        await said([*self.command, *update])

    async def empty(self, node: str) -> None:
        """Nothing: what is left of jobs ends by itself."""

    async def undrain(self, node: str) -> None:
        """See `gpuwright.roll.drains.Scheduler`."""
        await said([*self.command, "update", f"NodeName={node}", "State=RESUME"])

    def undrain_command(self, node: str) -> str:
        """See `gpuwright.roll.drains.Scheduler`."""
        return f"{' '.join(self.command)} update NodeName={node} State=RESUME"
