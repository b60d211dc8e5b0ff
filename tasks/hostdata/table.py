"""The table of all host data: ``table.yaml``, which explains its fields. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from stacks.catalog.decode import load


@dataclass(frozen=True, kw_only=True)
class Row:
    """One key of host data."""

    type: str
    default: str
    meaning: str
    example: str
    """A Python literal."""
    beside: str = "{}"
    """A Python literal: further host data without which the example is refused."""
    deploys: tuple[str, ...] = ()
    """Stems of ``deploys/*.py``; empty: those of its section."""


@dataclass(frozen=True)
class Section:
    """Keys of one subject."""

    title: str
    deploys: tuple[str, ...]
    rows: Mapping[str, Row]


@dataclass(frozen=True)
class Table:
    """``table.yaml``."""

    date: str
    sections: tuple[Section, ...]


@functools.cache
def sections() -> tuple[Section, ...]:
    """The table in its order. Raises `SchemaError` with file and line."""
    path = Path(__file__).parent / "table.yaml"
    return load(path, Table, "tasks/hostdata/table.yaml").sections


@functools.cache
def rows() -> Mapping[str, Row]:
    """Every row by key, with its deploys. Raises `ValueError` where a key has two rows."""
    found: dict[str, Row] = {}
    for section in sections():
        for key, row in section.rows.items():
            if key in found:
                raise ValueError(f"tasks/hostdata/table.yaml: {key} has two rows")
            found[key] = replace(row, deploys=row.deploys or section.deploys)
    return MappingProxyType(found)
