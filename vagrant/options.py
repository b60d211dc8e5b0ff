"""`@vagrant.json`: host data and groups of Vagrant's machines, in the form of pyinfra's. Pure.

{"data": {"gpu1": {"expected_gpus": "h100"}}, "groups": {"gpu1": ["training"]}}
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

NAME = "@vagrant.json"


class OptionsError(Exception):
    """The file says something that cannot be meant; the text says where, and what may be there."""


@dataclass(frozen=True)
class Options:
    """What the file says, by machine."""

    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse(text: str, machines: Collection[str]) -> Options:
    """What the file says.

    Args:
        text: Its content.
        machines: Names that the Vagrantfile has.

    Raises:
        OptionsError: if it is no JSON, or has keys, names or values that nothing can come of.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionsError(f"it is no JSON: {error}") from None
    said = _mapping(said, "the file")
    _known(said, {"data", "groups"}, "key")
    data, groups = (
        _mapping(said.get("data", {}), "data"),
        _mapping(said.get("groups", {}), "groups"),
    )
    for where, rows in (("data", data), ("groups", groups)):
        _known(rows, machines, f"machine in {where}")
    for name, row in data.items():
        _mapping(row, f"data of {name}")
    for name, row in groups.items():
        if not isinstance(row, list) or not all(isinstance(group, str) and group for group in row):
            raise OptionsError(f'groups of {name} must be a list of names: ["training"]')
    return Options(data, {name: tuple(row) for name, row in groups.items()})


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise OptionsError(f"{what} must be an object with names: {{…}}")
    return value


def _known(said: Collection[str], known: Collection[str], what: str) -> None:
    for name in said:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"; {near[0]!r} is one" if near else f": there are {', '.join(sorted(known))}"
            raise OptionsError(f"{name[:60]!r} is no {what}{meant}")
