"""NCCL's settings in host data: names, what they mean, and what they may be. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stacks.catalog.decode import load, nearest
from tasks.hostdata.reading import Data, Reader

KEY = "nccl"
MOST = 64
"""Settings of one host."""
_NAME = re.compile(r"NCCL_[A-Z0-9_]{1,59}")
_VALUE = re.compile(r"[A-Za-z0-9_.,:;=^/+@%-]{1,256}")
"""Without what a shell, systemd, Docker's or Compose's files would read in it."""
_EXPECTED = "a mapping such as {'NCCL_IB_DISABLE': 1}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known of one setting."""

    meaning: str
    least: int | None = None
    most: int | None = None
    values: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What it may be, in words."""
        if self.most is not None:
            return f"a whole number from {self.least} to {self.most}"
        return (
            f"one of {', '.join(self.values)}" if self.values else "letters, digits, _.,:;=^/+@%-"
        )

    def allows(self, value: str) -> bool:
        """Whether it may be this."""
        if self.most is not None and self.least is not None:
            return re.fullmatch(r"[0-9]{1,10}", value) is not None and (
                self.least <= int(value) <= self.most
            )
        return not self.values or value in self.values


@dataclass(frozen=True)
class Table:
    """``nccl.yaml``."""

    source: str
    date: str
    confidence: str
    rows: Mapping[str, Setting]


@dataclass(frozen=True)
class NcclSettings:
    """What is to be set for every program that uses NCCL; nothing where nothing was said."""

    values: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@functools.cache
def known() -> Mapping[str, Setting]:
    """The table. Raises `SchemaError` with file and line."""
    path = Path(__file__).with_name("nccl.yaml")
    return load(path, Table, "tasks/hostdata/nccl.yaml").rows


def nccl_settings(data: Data) -> NcclSettings:
    """What these host data say. Raises `ValueError` with key, value and what was expected."""
    reader = Reader(data)
    said = reader.said(KEY)
    if said is None:
        return NcclSettings()
    if not isinstance(said, Mapping) or len(said) > MOST:
        raise reader.wrong(KEY, said, f"{_EXPECTED}, {MOST} at most")
    found: dict[str, str] = {}
    warnings = []
    for name, value in said.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise reader.wrong(KEY, name, f"names of NCCL's variables, as in {_EXPECTED}")
        row = known().get(name)
        number = isinstance(value, int) and not isinstance(value, bool)
        text = str(value) if number else value
        allowed = isinstance(text, str) and _VALUE.fullmatch(text) is not None
        if not allowed or (row is not None and not row.allows(text)):
            raise reader.wrong(f"{KEY}.{name}", value, (row or Setting(meaning="")).expected)
        if row is None:
            close = nearest(name, known(), count=1, alike=0.8)
            meant = f" Did you mean {close[0]}?" if close else ""
            warnings.append(
                f'NCCL-NAME: "{name}" in the host data "{KEY}" is not in our table of NCCL\'s '
                f"settings. It is set as it is.{meant}"
            )
        found[name] = text
    _together(reader, found)
    return NcclSettings(dict(sorted(found.items())), tuple(warnings))


def _together(reader: Reader, found: Mapping[str, str]) -> None:
    threads, sockets = (
        int(found.get(name, "1")) for name in ("NCCL_SOCKET_NTHREADS", "NCCL_NSOCKS_PERTHREAD")
    )
    if threads * sockets > 64:
        raise reader.wrong(
            f"{KEY}.NCCL_NSOCKS_PERTHREAD",
            sockets,
            f"at most 64 sockets over all threads, and NCCL_SOCKET_NTHREADS is {threads}",
        )
