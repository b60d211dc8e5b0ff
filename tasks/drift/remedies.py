"""The command that takes a difference back, and the one that makes it the rule. Pure."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.catalog.decode import load
from tasks.deploy import GPU_HOST

_ANY = "*"
_DEPLOY = re.compile(r"deploys/[a-z_]{1,40}\.py")


@dataclass(frozen=True)
class Remedy:
    """A row of ``remedies.yaml``."""

    fix: str
    adopt: str
    packages: str
    """A pattern of names; empty: no package explains a change."""
    group: str = ""
    """In place of ``fix`` where the host is as planned and other than its group."""

    def moves(self, package: str) -> bool:
        """Whether a move of this package explains a change."""
        return bool(self.packages) and re.search(self.packages, package) is not None


@dataclass(frozen=True)
class _Rows:
    rows: Mapping[str, Remedy]


@functools.cache
def rows() -> Mapping[str, Remedy]:
    """All rows by component. Raises `SchemaError` with file and line."""
    path = Path(__file__).with_name("remedies.yaml")
    return load(path, _Rows, "tasks/drift/remedies.yaml").rows


def of(component: str) -> Remedy:
    """The row of a component, or that of any other."""
    return rows().get(component) or rows()[_ANY]


@dataclass(frozen=True)
class Ways:
    """What to copy."""

    fix: str
    adopt: str
    """Empty: there is no command that makes it the rule."""


def ways(
    component: str, host: str, deploy: str, inventory: str, like: str, majority: str = ""
) -> Ways:
    """The two commands for a host that differs in a component.

    Args:
        component: The row.
        host: Its name: it may be anything, and is quoted.
        deploy: Which brings it to its plan; another text counts as `GPU_HOST`.
        inventory: The inventory, as it was named; empty: nobody knows it.
        like: A host that is as most are; empty: there is none.
        majority: What most hosts of the group have, where the plan is not what it differs from.
    """
    row = of(component)
    plain = host.removeprefix("-")
    said = {
        "inventory": shlex.quote(inventory) if inventory else "INVENTORY",
        "host": shlex.quote(host),
        "deploy": deploy if _DEPLOY.fullmatch(deploy) else GPU_HOST,
        "like": shlex.quote(like) if like else "OTHER",
        "ssh": shlex.quote(plain),
        "version": shlex.quote(majority.split(" ")[0]),
    }
    fix = row.group if majority and row.group else row.fix
    return Ways(fix.format(**said), row.adopt.format(**said))
