"""The hosts of a pyinfra inventory, as pyinfra itself reads it, and their state."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from facts.model.host import HostState

CHECKOUT = Path(__file__).resolve().parents[2]
_STATE = TypeAdapter(HostState)


class InventoryError(Exception):
    """The inventory or its hosts cannot be read; the message is pyinfra's."""


@dataclass(frozen=True)
class Entry:
    """One host as the inventory and the command line describe it."""

    name: str
    groups: tuple[str, ...]
    data: dict[str, Any]


def read(inventory: str, limit: Sequence[str], extra: Mapping[str, Any]) -> list[Entry]:
    """The inventory's hosts, limited to names, patterns or groups, with ``extra`` data over theirs.

    Raises:
        InventoryError: pyinfra cannot read it.
    """
    found = [
        Entry(row["name"], tuple(row["groups"]), {**row["data"], **extra})
        for row in _pyinfra(inventory, "debug-inventory")
    ]
    return [e for e in found if not limit or _among(e, limit)]


def states(inventory: str, names: Sequence[str]) -> dict[str, HostState]:
    """What the hosts are, in one run of pyinfra; a host that did not answer is not in it.

    Raises:
        InventoryError: No host answered.
    """
    limits = [word for name in names for word in ("--limit", name)]
    answer = _pyinfra(inventory, "fact", "facts.host.HostProbe", *limits)
    by_host: dict[str, Any] = next(iter(answer.values()), {})
    return {name: _STATE.validate_python(state) for name, state in by_host.items() if state}


def value(text: str) -> tuple[str, Any]:
    """``key=value`` of ``--data``, the value read as pyinfra does: a number, JSON, or text.

    Raises:
        ValueError: There is no ``=``.
    """
    key, equals, words = text.partition("=")
    if not equals or not key:
        raise ValueError(f"--data {text}: expected key=value")
    with contextlib.suppress(ValueError):
        return key, json.loads(words.lower() if words.lower() in ("true", "false") else words)
    return key, words


def _among(entry: Entry, limit: Sequence[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(name, pattern)
        for pattern in limit
        for name in (entry.name, *entry.groups)
    )


def _pyinfra(inventory: str, *words: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "--json", inventory, *words],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return json.loads(done.stdout)
    except ValueError:
        told = "\n".join(done.stderr.splitlines()[-20:])
        raise InventoryError(f"pyinfra {inventory} {' '.join(words)}:\n{told}") from None
