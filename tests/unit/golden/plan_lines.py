"""One line per answer of the resolver: readable, with a digest of each part of it.

Only the names of fields and the values count, as ``--json`` prints them: not the names of modules
and classes, and not the order of fields.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from stacks.load import load_stack
from stacks.model.kernels import KernelPlan
from stacks.model.requests import Stack
from stacks.requests import with_requests
from stacks.resolve import resolve
from stacks.resolve_image import image_plan
from tests.unit.golden.plan_cases import Case, cases
from tests.unit.stacks.hosts import CATALOG

SHOWN: Mapping[str, tuple[str, ...]] = {
    "driver": ("version", "flavour", "origin"),
    "cuda": ("version", "origin", "purpose"),
    "cudnn": ("version", "origin"),
    "torch": ("version", "variant", "python"),
    "service": ("lock",),
    "containers": ("injection",),
    "jetson": ("jetpack",),
    "repositories": (),
}
"""Fields of a part that its line shows; the digest after them is over all fields."""
APART = (*SHOWN, "reasons", "notices", "digest", "stack")


@functools.cache
def _stack(name: str) -> Stack:
    return load_stack(name)


def plain(value: Any) -> str:
    """A value as JSON, the same whatever the order of its fields."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=by_field)


def by_field(value: Any) -> dict[str, Any]:
    """The fields of a frozen value by name; much cheaper than `dataclasses.asdict`."""
    found = {name: getattr(value, name) for name in _names(value.__class__)}
    if found.get("kernels") == KernelPlan():
        del found["kernels"]  # nothing becomes of them: most plans, which say nothing of it
    return found


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def digest(value: Any, length: int = 8) -> str:
    """The first hex digits of the SHA-256 of a value's JSON."""
    return sha256(plain(value))[:length]


def sha256(text: str) -> str:
    """The SHA-256 of a text, as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def answer(case: Case) -> dict[str, Any]:
    """What the resolver says, as plain data."""
    stack = with_requests(_stack(case.stack), case.said, containers=case.kind != "host")
    found: Any = (image_plan if case.kind == "image" else resolve)(stack, case.profile, CATALOG)
    return {
        "plan": {**by_field(found.plan), "digest": found.plan.digest} if found.plan else None,
        "conflicts": found.conflicts,
    }


def line(case: Case, parts: dict[str, str]) -> str:
    """The case, and its answer in short; ``parts`` gets what stands behind each digest.

    That is a whole part of the plan, or how a conflict, notice or reason starts: their digests are
    over all of their words.
    """
    said = answer(case)
    plan, conflicts = said["plan"], said["conflicts"]
    words = [_sentence(found, found.code, found.what, parts) for found in conflicts]
    if plan:
        rest = {key: value for key, value in plan.items() if key not in APART}
        words = [f"plan {plan['digest'][:12]}", _part("rest ", rest, [], parts)]
        for name, shown in SHOWN.items():
            if plan.get(name):
                read = [str(getattr(plan[name], field)) for field in shown]
                words.append(_part(f"{name} ", plan[name], read, parts))
        words += [_sentence(found, found.code, found.what, parts) for found in plan["notices"]]
        for reason in plan["reasons"]:
            _sentence(reason, reason.subject, reason.choice, parts)
        words.append(f"reasons #{digest(plan['reasons'])}")
    return f"{case.key}: {digest(said, 16)}: {'; '.join(words)}"


def _part(name: str, value: Any, read: list[str], parts: dict[str, str]) -> str:
    text = plain(value)
    ident = sha256(text)[:8]
    parts[ident] = text
    return f"{name}{' '.join([*read, '#' + ident])}"


def _sentence(value: Any, about: str, start: str, parts: dict[str, str]) -> str:
    ident = digest(value)
    parts[ident] = f"{about}: {start}"
    return f"{about} #{ident}"


def texts() -> dict[str, str]:
    """File name to text: a line per case by subject, and ``parts.txt``."""
    parts: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    for case in cases():
        lines.setdefault(case.subject, []).append(line(case, parts))
    found = {f"{subject}.txt": "".join(f"{x}\n" for x in lines[subject]) for subject in lines}
    found["parts.txt"] = "".join(f"#{ident} {parts[ident]}\n" for ident in sorted(parts))
    return found
