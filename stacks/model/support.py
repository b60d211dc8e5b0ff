"""How far a part of a plan was carried out by the tests of this release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["plan", "double", "live"]
"""``live``: installed from the real files, on a host that is what it says; ``double``: from
stand-ins of their server, or on a host that only presents as its release; ``plan``: by no test."""
Part = Literal[
    "driver", "cuda", "cudnn", "torch", "docker", "containerd", "podman", "toolkit", "image"
]
LEVELS: tuple[Level, ...] = ("plan", "double", "live")
"""Lowest first."""


@dataclass(frozen=True)
class PartSupport:
    """One part of a plan, how far it was carried out, and what shows it."""

    part: Part
    what: str
    """The part as `stacks.rules.support` words it: ``580.178.04 open nvidia``."""
    level: Level
    test: str = ""
    """Below ``tests/hosts``: ``test_gpu_host.py::test_…``, or below ``tests``: ``whole/…``; empty
    where none carries it out.
    """


def lowest(parts: Iterable[PartSupport]) -> Level:
    """The level of the whole: no higher than that of any part."""
    return min((part.level for part in parts), key=LEVELS.index, default="plan")
