"""What the resolver says beside the plan: reasons, notices, conflicts."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.model.change import Change


@dataclass(frozen=True)
class Reason:
    """Why a line of the plan says what it says."""

    subject: str
    """``driver``, ``cuda``, ``cudnn``, ``torch``, ``kernel`` …"""
    choice: str
    why: str
    source: str


@dataclass(frozen=True)
class Notice:
    """Something a person should know although the plan stands."""

    code: str
    what: str
    why: str
    remedy: str
    source: str
    change: Change | None = None
    """What the remedy changes; None: it cannot be said as data."""


@dataclass(frozen=True)
class Conflict:
    """Why a host cannot be made to fit, and the way out."""

    code: str
    what: str
    why: str
    """The observed values and the fact that they break."""
    remedies: tuple[str, ...]
    """Ways out in order of preference, each a sentence or a command to copy."""
    source: str
    changes: tuple[Change | None, ...] = ()
    """What each of them changes, in their order; None: it cannot be said as data, such as another
    kernel in the boot menu. Empty: none of them can."""
