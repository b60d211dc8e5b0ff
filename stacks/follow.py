"""A remedy followed: the same question with what it changes.

Pure, but for the files of our own stacks.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from stacks.load import load_stack, stack_names
from stacks.model.change import Change
from stacks.model.containers import ContainerRequest, ImageRequest
from stacks.model.host import HostProfile, gpu_of
from stacks.model.messages import Conflict
from stacks.model.requests import DriverRequest, Stack
from stacks.requests import with_requests

_shipped = functools.cache(load_stack)
_names = functools.cache(stack_names)
_DEFAULTS: dict[str, Any] = {
    "driver": DriverRequest(),
    "containers": ContainerRequest(),
    "image": ImageRequest(),
}
"""Parts that a stack's file may leave out, and that host data still choose."""


def followed(stack: Stack, profile: HostProfile, change: Change) -> tuple[Stack, HostProfile]:
    """Stack and host after ``change``.

    Args:
        stack: With the host's requests laid over it. Of those that are no part of another stack,
            the driver's go on, and what is left out stays left out.
        profile: The host.
        change: What its remedy says.

    Raises:
        StackError: The change names a stack or a value that there is not.
    """
    if change.stack:
        stack = _instead(stack, _shipped(change.stack))
    stack = _omitted(stack, change)
    said = {name: value for name, value in change.data.items() if value is not None}
    expected, like = said.pop("expected_gpus", None), said.pop("gpu_like", None)
    stack = _laid(stack, said)
    host: dict[str, Any] = dict(change.host)
    if "gpus" in host:
        host["gpus"] = tuple(map(gpu_of, host["gpus"]))
        host["expected_gpus"] = ()
    if "os" in host or "arch" in host:  # another machine, of which nothing was seen yet
        host |= {"glibc": None, "pythons": None, "driver": None, "docker": None}
        host |= {"kernels": (), "kernel_next_boot": None, "security_pocket": None}
    if expected:
        host["expected_gpus"] = tuple(map(gpu_of, expected))
    if like:
        host["gpu_like"] = like
    return stack, replace(profile, **host)


class Answer(Protocol):
    """A resolution, of a host or of an image."""

    @property
    def plan(self) -> object | None:
        """What is planned."""

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What speaks against it."""


def leading_on(
    conflicts: tuple[Conflict, ...], again: Callable[[Change], Answer], otherwise: str = ""
) -> tuple[Conflict, ...]:
    """The conflicts without those ways out that lead back to them.

    A change of host data that leads to a plan stands before what does not.

    Args:
        conflicts: As rules have found them.
        again: Asks the same question after a change.
        otherwise: What is left where all ways lead back; empty: these, as they are.
    """
    times = Counter(conflict.code for conflict in conflicts)
    return tuple(_leading_on(c, times[c.code], again, otherwise) for c in conflicts)


def _leading_on(
    conflict: Conflict, times: int, again: Callable[[Change], Answer], otherwise: str
) -> Conflict:
    left = []
    for place, (text, change) in enumerate(zip(conflict.remedies, conflict.changes, strict=True)):
        good = False
        if change is not None:
            answer = again(change)
            # Of several with one code (VERSION-GONE of two parts) a way may end one alone.
            if sum(other.code == conflict.code for other in answer.conflicts) >= times:
                continue
            good = answer.plan is not None and not change.host
        left.append((not good, place, text, change))
    if not left:
        if not otherwise:
            return conflict
        return replace(conflict, remedies=(otherwise,), changes=(None,))
    _, _, remedies, changes = zip(*sorted(left, key=lambda way: way[:2]), strict=True)
    return replace(conflict, remedies=remedies, changes=changes)


def _left_out(stack: Stack, part: str) -> bool:
    """Whether somebody left a part out: its stack's file has it."""
    own = _shipped(stack.name) if stack.name in _names() else None
    return getattr(stack, part) is None and (own is None or getattr(own, part) is not None)


def _instead(stack: Stack, other: Stack) -> Stack:
    return replace(
        other,
        driver=stack.driver,
        cuda=None if _left_out(stack, "cuda") else other.cuda,
        cudnn=None if _left_out(stack, "cuda") else other.cudnn,
        torch=None if _left_out(stack, "torch") else other.torch,
        containers=stack.containers,
        image=stack.image,
        native=stack.native,
    )


def _laid(stack: Stack, said: dict[str, Any]) -> Stack:
    """`with_requests`, which makes a stack one of a bare host where it is not told."""
    made = with_requests(stack, said, containers=stack.containers is not None)
    return replace(made, containers=made.containers or stack.containers, native=stack.native)


def _omitted(stack: Stack, change: Change) -> Stack:
    """The stack with what its file says in place of the requests that are to be omitted."""
    own = _shipped(stack.name) if stack.name in _names() else None
    parts: dict[str, Any] = {}
    if own and "without" in change.data and change.data["without"] is None:
        for part in ("cuda", "cudnn", "torch"):
            if getattr(stack, part) is None:
                parts[part] = getattr(own, part)
    for name in (n for n, value in change.data.items() if value is None and n != "without"):
        part, _, key = name.partition("_")
        part, key = {
            "docker": ("containers", name),
            "toolkit": ("containers", name),
            "container": ("containers", key),
        }.get(part, (part, key))
        request = parts.get(part, getattr(stack, part))
        if request is not None:
            before = getattr(own, part, None) or _DEFAULTS.get(part, request)
            parts[part] = replace(request, **{key: getattr(before, key)})
    return replace(stack, **parts)
