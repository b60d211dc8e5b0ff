"""What a transaction brings, and what it may do to packages that are there already."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Transaction:
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
    kernel: str = ""
    """Release of the one kernel that may come: it was announced. Empty: none may."""
    back: bool = False
    """Whether an older version may take the place of a newer one."""


@dataclass(frozen=True)
class Installation:
    """What one installation brings. Nothing that it recommends comes with it."""

    packages: Sequence[str]
    """As the package manager takes them: names, files, or names in a version."""
    more: str = ""
    """Shell that gives further names, unquoted: ``$(cat headers)``."""
    archives: str = ""
    """Folder that a download filled; it is emptied afterwards."""
    options: str = ""
    """Further options, as the shell reads them."""
    transaction: Transaction | None = None
    """What may happen to packages that are there; None: they may be upgraded, and none may go."""
    first: str = ":"
    """Shell between the simulation and the installation: nothing was refused by then."""

    @property
    def names(self) -> str:
        """All names, as the shell reads them."""
        return " ".join([*(shlex.quote(p) for p in self.packages), self.more]).strip()


def script(*lines: str) -> str:
    """The lines that say something: ``:`` is a part that has nothing to do."""
    return "\n".join(line for line in lines if line != ":")
