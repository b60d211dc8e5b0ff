"""What a transaction may do to packages that are there already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """The limits of one transaction. What is not allowed here makes its simulation fail."""

    ours: tuple[str, ...] = ()
    """Shell patterns of the set: its packages may be upgraded."""
    goes: tuple[str, ...] = ()
    """Installed packages that must be gone afterwards, under their names; others must not go."""
    pins: tuple[tuple[str, str], ...] = ()
    """Shell patterns of names, each with the one version (or pattern of it) that may come."""
    prerequisites: tuple[str, ...] = ()
    """Names from the distribution (headers, compilers): what they themselves need may be brought
    up to date, everything else outside of the set stays where it is."""
    back: bool = False
    """Whether an older version may take the place of a newer one."""
