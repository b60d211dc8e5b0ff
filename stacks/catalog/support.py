"""Schema of how far each part was carried out: ``support.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stacks.model.support import Part


@dataclass(frozen=True)
class Proof:
    """A test that carries a part out."""

    level: Literal["double", "live"]
    test: str
    """Below ``tests/hosts``: ``test_gpu_host.py::test_…``; ``whole/…``: below ``tests``."""


Rows = Mapping[str, Mapping[str, Mapping[Part, Mapping[str, Proof]]]]
"""Release (``jetson-`` and its Jetson Linux for a Jetson), architecture, part, and the part in the
words of `stacks.rules.support`."""


@dataclass(frozen=True)
class SupportTable:
    """``catalog/support.yaml``: what has no row here was carried out by no test."""

    rows: Rows

    def proof(self, release: str, arch: str, part: Part, what: str) -> Proof | None:
        """What shows this part on this release; ``None``: nothing does."""
        return self.rows.get(release, {}).get(arch, {}).get(part, {}).get(what)
