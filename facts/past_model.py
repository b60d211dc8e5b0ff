"""What a host has kept of its past: moved packages, and results of earlier runs. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.model.shown import Shown


@dataclass(frozen=True)
class Move(Shown):
    """One package that came, went or changed."""

    at: str
    """UTC: ``2026-11-24T05:12:33Z``."""
    package: str
    """Without its architecture."""
    before: str | None
    """None: it was not there."""
    after: str | None
    """None: it is gone."""
    by: str
    """``unattended-upgrades``, ``apt-get install x (ana)``, ``dnf -y upgrade``, ``dpkg`` …"""


@dataclass(frozen=True)
class Past(Shown):
    """Everything that one further round trip brings."""

    moves: tuple[Move, ...] = ()
    """Of the packages of interest (drivers, CUDA, kernels, engines), the oldest first."""
    verify: Mapping[str, Any] | None = None
    """``/var/lib/gpuwright/verify.json``; None: there is none."""
    benchmark: Mapping[str, Any] | None = None
    """``/var/lib/gpuwright/benchmark.json``; None: there is none."""
    topology: tuple[str, ...] = ()
    """Lines of ``nvidia-smi topo -m``."""
    cpu: str | None = None
    """``AMD EPYC 9554 64-Core Processor``."""
    unread: Mapping[str, str] = field(default_factory=dict)
