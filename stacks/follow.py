"""A remedy followed: the same question with what it changes.

Pure, but for the files of our own stacks.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

from stacks.load import load_stack, stack_names
from stacks.model.change import Change
from stacks.model.containers import ContainerRequest
from stacks.model.host import HostProfile, gpu_of
from stacks.model.requests import DriverRequest, Stack
from stacks.requests import with_requests

_shipped = functools.cache(load_stack)
_names = functools.cache(stack_names)
_DEFAULTS: dict[str, Any] = {"driver": DriverRequest(), "containers": ContainerRequest()}
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


def _instead(stack: Stack, other: Stack) -> Stack:
    return replace(
        other,
        driver=stack.driver,
        cuda=other.cuda if stack.cuda else None,
        cudnn=other.cudnn if stack.cuda else None,
        torch=other.torch if stack.torch else None,
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
    for name in (name for name, value in change.data.items() if value is None):
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
