"""A team's own stack files and locks, as ``python -m stacks`` finds and writes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stacks.catalog.read import FOLDER, Catalog, read_locks

INSTALLED = not __name__.startswith("stacks.")
"""Whether this room is installed below another name, and none of its folders a team's."""


def stacks(installed: bool = INSTALLED) -> Path | None:
    """The folder of stack files that counts where none is named; None: ours alone.

    Where this room is installed it is ``stacks/`` of the current folder, if stack files lie there.
    """
    own = Path("stacks")
    return own if installed and any(own.glob("*.yaml")) else None


def locks(said: Path | None, installed: bool = INSTALLED) -> Path:
    """The folder that new locks are written to.

    Args:
        said: The folder of a team's own stack files.
        installed: As `INSTALLED`: then they belong beside the team's stack files.
    """
    return (said or Path("stacks")) / "locks" if installed else FOLDER / "locks"


def holding(lock: str, folder: Path) -> Path:
    """The folder that a lock is read from: a team's own, or ours where it has none of that name."""
    return folder if (folder / lock).exists() else FOLDER / "locks"


def with_locks(catalog: Catalog, said: Path | None) -> Catalog:
    """The catalogue, with the locks beside a team's own stack files before ours.

    Raises:
        SchemaError: One holds more than pins and digests.
    """
    if said is None or not (said / "locks").is_dir():
        return catalog
    return replace(catalog, locks={**catalog.locks, **read_locks(said / "locks")})
