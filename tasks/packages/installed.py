"""Which packages of a plan are installed as it says. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping

from facts.model.host import HostState
from facts.model.packages import Package


def upstream(version: str) -> str:
    """The maker's part of a package version: ``580.178.04`` of ``1:580.178.04-0ubuntu1``."""
    return version.split(":")[-1].split("-")[0].split("+")[0]


def is_as_planned(package: Package, wanted: str | None) -> bool:
    """Whether an installed package has the version that is wanted, where one is.

    Args:
        package: The package.
        wanted: Exact version or shell pattern, or ``None`` for any version.
    """
    if wanted is None:
        return True
    return fnmatch.fnmatchcase(package.version, wanted) or fnmatch.fnmatchcase(
        package.version.split(":")[-1], wanted
    )


def lacking(state: HostState, names: Iterable[str], versions: Mapping[str, str]) -> list[str]:
    """Packages of these names that are not installed, or in another version than planned."""
    return [
        name
        for name in names
        if name not in state.packages
        or not state.packages[name].installed
        or not is_as_planned(state.packages[name], versions.get(name))
    ]
