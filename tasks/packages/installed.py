"""Which packages of a plan are installed as it says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from facts.model.host import HostState
from stacks.model.versions import matches


def upstream(version: str) -> str:
    """The maker's part of a package version: ``580.178.04`` of ``1:580.178.04-0ubuntu1``."""
    return version.split(":")[-1].split("-")[0].split("+")[0]


def lacking(state: HostState, names: Iterable[str], versions: Mapping[str, str]) -> list[str]:
    """Packages of these names that are not installed, or in another version than planned."""
    return [
        name
        for name in names
        if name not in state.packages
        or not state.packages[name].installed
        or not matches(state.packages[name].version, versions.get(name))
    ]
