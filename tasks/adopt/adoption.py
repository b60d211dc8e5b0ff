"""One host's adoption: from what was seen of it to a stack and host data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from facts.engine_model import Engines
from facts.handmade_model import Handmade
from facts.model.host import HostState
from stacks.catalog.read import Catalog
from stacks.model.messages import Conflict
from stacks.model.requests import Stack
from tasks.adopt.bare import bare
from tasks.adopt.choice import Left, chosen
from tasks.adopt.settings import settings
from tasks.containers.engine_state import knows_runtime
from tasks.host import resolution
from tasks.host.components import Components, components, with_containerd
from tasks.hostdata.reading import Data, Reader

CARRIED = ("gpu_like", "fingerprints")
"""Host data that no look at a host can tell: what is said of them goes on."""


@dataclass(frozen=True)
class Adoption:
    """What becomes of one host."""

    state: HostState
    seen: Components
    stack: Stack
    data: Mapping[str, Any]
    """Host data, without the stack's name."""
    left: tuple[Left, ...]

    @property
    def containers(self) -> bool:
        """Whether another host like it is a container host."""
        return self.stack.containers is not None

    @property
    def alike(self) -> str:
        """The same text for hosts that share one stack and one group."""
        system = self.state.system
        said = replace(self.stack, name="", summary="")
        return repr((system.os, system.arch, said, sorted(self.data.items())))


def adopted(
    state: HostState, handmade: Handmade, engines: Engines | None, said: Data, catalog: Catalog
) -> Adoption | tuple[Conflict, ...]:
    """The adoption of a host, or the conflicts for which there is none.

    Args:
        state: What the probe saw.
        handmade: What people put there by hand.
        engines: What container engines say; None: they were not asked.
        said: The host's data so far; only those of `CARRIED` count.
        catalog: What there is.

    Raises:
        ValueError: One of these data is not as expected.
    """
    seen = components(state, catalog, handmade)
    if not (seen.driver or seen.cuda or seen.cudnn or seen.torch or seen.toolkit):
        return (_nothing(),)
    if engines is not None and knows_runtime(engines):
        seen = with_containerd(state, seen)
    carried = {key: value for key in CARRIED if (value := Reader(said).said(key)) is not None}
    _, profile, known = resolution.question(bare(state), carried)
    choice = chosen(seen, profile, known)
    if isinstance(choice, tuple):
        return choice
    data, left = settings(state, seen, choice.stack, handmade, engines, known)
    unread = [Left(f"what {key} says", why) for key, why in handmade.unread.items()]
    whole = (*choice.left, *left, *unread)
    return Adoption(state, seen, choice.stack, {**carried, **data}, whole)


def _nothing() -> Conflict:
    return Conflict(
        "ADOPT-NOTHING",
        "there is nothing to adopt on this host",
        "no driver, no CUDA, no cuDNN, no PyTorch and no NVIDIA Container Toolkit was found on it",
        ("make it a GPU host: pyinfra INVENTORY deploys/gpu_host.py",),
        "docs/adopt.md",
    )
