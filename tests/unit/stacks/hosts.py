"""Hosts and questions for the resolver's tests."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import Gpu, HostProfile
from stacks.model.messages import Conflict, Notice
from stacks.model.plan import Plan, Resolution
from stacks.model.requests import Stack
from stacks.requests import with_requests
from stacks.resolve import resolve

CATALOG = load_catalog()
stack_of = functools.cache(load_stack)
"""A stack of ours by its name, read once."""


def host(os: str, *gpus: str, arch: str = "x86_64", **more: Any) -> HostProfile:
    """A host with these GPU models."""
    more.setdefault("gpus", tuple(Gpu(gpu) for gpu in gpus))
    return HostProfile(os=os, arch=arch, **more)


def ask(profile: HostProfile, stack: str | Stack = "pytorch-2.9", **requests: Any) -> Resolution:
    """Resolve with requests of host data."""
    base = stack_of(stack) if isinstance(stack, str) else stack
    return resolve(with_requests(base, requests), profile, CATALOG)


def planned(profile: HostProfile, stack: str | Stack = "pytorch-2.9", **requests: Any) -> Plan:
    """The plan; the test fails with the conflicts where there is none."""
    resolution = ask(profile, stack, **requests)
    assert resolution.plan is not None, resolution.conflicts
    return resolution.plan


def refused(
    code: str, profile: HostProfile, stack: str | Stack = "pytorch-2.9", **requests: Any
) -> Conflict:
    """The conflict of that code; the test fails where it is not among the conflicts."""
    resolution = ask(profile, stack, **requests)
    found = {conflict.code: conflict for conflict in resolution.conflicts}
    assert code in found, (list(found), resolution.plan)
    return found[code]


def noticed(code: str, plan: Plan) -> Notice:
    """The notice of that code."""
    found = {notice.code: notice for notice in plan.notices}
    assert code in found, list(found)
    return found[code]


def torch_request(**changes: Any) -> Stack:
    """The stack pytorch-2.9 with another request about PyTorch, as a stack file may state it."""
    stack = stack_of("pytorch-2.9")
    assert stack.torch is not None
    return replace(stack, torch=replace(stack.torch, **changes))
