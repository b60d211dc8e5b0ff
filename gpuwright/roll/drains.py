"""What a scheduler is to be told before hosts are touched, by its own command."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stacks.model.plain import one_line

SECONDS = 60.0
_MOST = 16 * 1024 * 1024
_NODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")


class DrainError(RuntimeError):
    """A scheduler's command fails, or says what nobody can read. ``str()`` is for a person."""


@dataclass(frozen=True)
class Standing:
    """How a scheduler sees a node."""

    drained: bool
    """It begins nothing new there."""
    ours: bool = False
    """By this roll."""
    by: str = ""
    """Who keeps it drained, and why, where that is somebody else."""
    jobs: str = ""
    """What still runs there; empty: nothing that uses GPUs."""


class Scheduler(Protocol):
    """A scheduler, and its own command."""

    async def standing(self, node: str) -> Standing:
        """How it stands with a node. Raises `DrainError`."""

    async def drain(self, node: str) -> None:
        """Let nothing new begin there. What runs goes on. Raises `DrainError`."""

    async def empty(self, node: str) -> None:
        """Move away what moves by itself, once no job uses the GPUs. Raises `DrainError`."""

    async def undrain(self, node: str) -> None:
        """Let it have jobs again. Only for a node that is `Standing.ours`. Raises `DrainError`."""

    def undrain_command(self, node: str) -> str:
        """The same for a person to copy."""


@dataclass
class Nodes:
    """How a scheduler calls the inventory's hosts."""

    full: bool = False
    """Whether by their whole names; else only by what stands before the first dot."""
    named: Mapping[str, str] = field(default_factory=dict)

    def of(self, host: str) -> str:
        """The node. Raises `DrainError` where no scheduler can have one called so."""
        name = self.named.get(host)
        if name is None:
            is_address = re.fullmatch(r"[0-9.]+|.*:.*", host)
            name = host if self.full or is_address else host.split(".", 1)[0]
        # Slurm reads brackets and commas as lists of nodes.
        if not _NODE.fullmatch(name):
            raise DrainError(
                f"no scheduler has a node called {one_line(name)!r}: --node '{one_line(host)}=NODE'"
            )
        return name


async def said(words: Sequence[str], seconds: float = SECONDS) -> str:
    """Standard output of a scheduler's command.

    Raises:
        DrainError: It cannot be run, fails, or gives no answer in time.
    """
    shown = one_line(" ".join(words))
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise DrainError(f"{shown}: {error.strerror}") from None
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError:
        raise DrainError(f"{shown}: no answer in {seconds:.0f} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        last = (err or out).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise DrainError(f"{shown}: {one_line(last) or f'exit status {process.returncode}'}")
    if len(out) > _MOST:
        raise DrainError(f"{shown}: it says more than anybody reads")
    return out.decode("utf-8", "replace")
