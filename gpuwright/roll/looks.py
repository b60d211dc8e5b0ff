"""What hosts answer when a roll asks them, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """A host of the inventory."""

    name: str
    address: str
    """By which another inventory's host is known to be the same."""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What a look at one host brought."""

    name: str
    reached: bool = False
    why: str = ""
    """Why there is no more of it; empty: it was seen."""
    owners: tuple[str, ...] = ()
    """Who uses its GPUs; empty: nobody."""
    machine: tuple[str, ...] = ()
    """What no two machines have in common; empty: it did not tell."""


@dataclass(frozen=True)
class Judged:
    """What the gate says of one host."""

    passed: bool
    verdict: str
    why: str = ""
