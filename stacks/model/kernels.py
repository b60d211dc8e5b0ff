"""What becomes of a host's kernels: offers of its sources, and the plan for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class KernelOffers:
    """What the host's own package sources have for its kernels."""

    headers: tuple[str, ...] = ()
    """Kernels without headers on the host, for which a source has them."""
    gone: tuple[str, ...] = ()
    """Kernels without headers on the host, for which no source has them."""
    newest: Mapping[str, str] = field(default_factory=dict)
    """Metapackage of headers to the release that it brings together with its image's."""


@dataclass(frozen=True)
class KernelPlan:
    """Which kernels get no module, and which one comes."""

    left: Mapping[str, str] = field(default_factory=dict)
    """Kernel that can boot and gets no module, to the reason: the run goes on without it."""
    comes: str = ""
    """Release of a kernel that the run brings, because the one that boots next cannot be served."""
    packages: tuple[str, ...] = ()
    """What brings it: the metapackages of its image and headers."""
