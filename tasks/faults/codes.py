"""Every code that a person may meet: what, why, remedy, what that interrupts, and the source.

One table out of three files, so that nothing is said twice: ``faults.yaml`` has the faults of GPU
hosts, ``stacks/catalog/codes.yaml`` what the resolver's codes mean and whence that is known, and
``codes.yaml`` beside this module all else. Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from stacks.catalog import read as world
from stacks.catalog.decode import load
from tasks.faults import catalog

FILE = "tasks/faults/codes.yaml"
Interrupts = Literal[
    "nothing", "programs that use the GPU", "containers", "a workspace", "the host"
]
"""What a remedy interrupts: a reload of the driver, a restart of Docker or of one workspace, a
reboot."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One code; the fields are explained at the top of ``codes.yaml``."""

    why: str
    remedy: str
    interrupts: Interrupts = "nothing"
    what: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Codes:
    """``codes.yaml``."""

    date: str
    codes: Mapping[str, Row]


@dataclass(frozen=True, kw_only=True)
class Code:
    """All that is known of one code."""

    code: str
    what: str
    why: str
    remedy: str
    """What to do, with the command or the host data for it."""
    interrupts: str
    """One of `Interrupts`, for a fault of a GPU host with a condition after it."""
    source: str
    """Whence it is known, with the doubt where there is one."""


@functools.cache
def rows() -> Mapping[str, Row]:
    """The rows of ``codes.yaml`` by code. Raises `SchemaError` with file and line."""
    return load(Path(__file__).parent / "codes.yaml", Codes, FILE).codes


@functools.cache
def codes() -> Mapping[str, Code]:
    """Every code, in the order of the alphabet.

    Raises:
        SchemaError: A file does not say what its schema asks; with file and line.
        ValueError: A code is in two tables, or half of it is in none.
    """
    found = {code: _fault(code, row) for code, row in catalog.faults().items()}
    resolver = world.load_catalog().codes
    for code, row in rows().items():
        if code in found:
            raise ValueError(f"{FILE}: {code} is a row of faults.yaml already")
        found[code] = _joined(code, row, resolver.get(code))
    if bare := sorted(set(resolver) - set(found)):
        raise ValueError(f"{FILE}: no row for {', '.join(bare)} of stacks/catalog/codes.yaml")
    return MappingProxyType(dict(sorted(found.items())))


def _joined(code: str, row: Row, resolver: world.Code | None) -> Code:
    what, source = row.what, row.source
    if resolver is not None:
        what, source = what or resolver.means, source or resolver.cite
    if what is None or source is None:
        raise ValueError(f"{FILE}: {code} needs what and source: it is no code of the resolver")
    return Code(
        code=code,
        what=what,
        why=row.why,
        remedy=row.remedy,
        interrupts=row.interrupts,
        source=source,
    )


def _fault(code: str, row: catalog.Row) -> Code:
    commands = ", ".join(f"`{command}`" for command in row.commands.values())
    doubt = "" if row.confidence.startswith("primary") else f" ({row.confidence})"
    return Code(
        code=code,
        what=row.title,
        why=row.cause,
        remedy=f"{row.remedy}: {commands}",
        interrupts=row.interrupts,
        source=", ".join(row.sources) + doubt,
    )
