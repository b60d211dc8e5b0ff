"""Schema of the mirrors that are known, and of the ready sets of them: ``mirrors.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from stacks.catalog.provenance import Group

MirrorKind = Literal[
    "pypi", "pytorch", "redist", "nvidia", "jetson", "toolkit", "docker", "registry"
]
KINDS: tuple[MirrorKind, ...] = (
    "pypi",
    "pytorch",
    "redist",
    "nvidia",
    "jetson",
    "toolkit",
    "docker",
    "registry",
)
"""What a mirror may carry: a package index, PyTorch's wheels, NVIDIA's tarballs, NVIDIA's package
repository, wheels for Jetsons, NVIDIA's container toolkit, Docker's packages, a Docker registry."""
UPSTREAM = "upstream"
"""The word for the maker's own address, or the client's configured default."""
FLAT = "flat+"
"""Before an address: one listing of wheels, and no index by projects."""
State = Literal["works", "works-with-care", "unknown", "closed", "absent"]


@dataclass(frozen=True)
class KnownMirror:
    """What is said of one mirror for one kind."""

    address: str | None
    """As host data take it; None: there is none to use."""
    layout: Literal["index", "flat", "repository", "tree", "registry"]
    state: State
    seen: str | None
    """Day on which the source says so."""
    how: Literal["read", "third-party", "guess"]
    said_by: str
    """Page, tracker or test."""
    note: str
    own_files: tuple[str, ...] = ()
    """Other sites on which its files are known to lie."""


@dataclass(frozen=True)
class MirrorSet:
    """Mirrors by kind, in the order in which they are tried."""

    about: str
    kinds: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Mirrors(Group):
    """``mirrors.yaml``."""

    upstream_sites: Mapping[str, tuple[str, ...]]
    sets: Mapping[str, MirrorSet]
    mirrors: Mapping[str, Mapping[str, KnownMirror]]
    """By kind and name."""
    archives: Mapping[str, Mapping[str, KnownMirror]]
    """Mirrors of distributions, by distribution and name: for the host's own sources, by hand."""

    def addresses(self, kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
        """Addresses of these mirrors, in their order; `UPSTREAM` stays the word that it is.

        Raises:
            KeyError: One of them is not known for that kind, or has no address that can be used.
        """
        found = []
        for name in names:
            address = UPSTREAM if name == UPSTREAM else self.mirrors[kind][name].address
            if address is None or "{" in address:
                raise KeyError(name)
            found.append(address)
        return tuple(found)

    def usable(self, kind: str) -> tuple[str, ...]:
        """Names of the mirrors of a kind that have an address to use."""
        rows = self.mirrors.get(kind, {})
        return tuple(n for n, row in rows.items() if row.address and "{" not in row.address)

    def faults(self) -> Iterator[str]:
        """What of the sets cannot be used; a test wants none."""
        for name, one in self.sets.items():
            for kind, members in one.kinds.items():
                try:
                    self.addresses(kind, members)
                except KeyError as missing:
                    yield f"{name}.{kind}: {missing.args[0]} has no address to use"
