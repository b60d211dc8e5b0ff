"""What ``dcgmi diag`` says of a host's GPUs. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.shown import Shown


@dataclass(frozen=True)
class DcgmResult(Shown):
    """One test on one GPU, or on all."""

    test: str
    """In small letters with underscores: ``memory_bandwidth``."""
    status: str
    """``pass``, ``fail``, ``warn``, ``skip`` …, in small letters."""
    index: int | None = None
    """As DCGM counts GPUs, which is as NVML does; None: all together."""
    device: str | None = None
    """PCI device id, where DCGM tells it: ``2335``."""
    words: str = ""
    """Its warnings."""
    severity: int | None = None
    """Of the gravest warning: ``dcgmErrorSeverity_enum`` of dcgm_errors.h."""


@dataclass(frozen=True)
class Dcgm(Shown):
    """All results."""

    installed: bool = False
    results: tuple[DcgmResult, ...] = ()
    version: str | None = None
    why: str | None = None
    """Why there are none."""
    reached: bool = True
    """Its service gave an answer."""
