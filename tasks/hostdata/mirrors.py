"""``mirrors`` of host data: the name of a ready set, or mirrors by kind. Pure.

Of each kind one mirror, or several in the order of preference; each is an address, the name of a
mirror of that kind in ``stacks/catalog/mirrors.yaml``, or ``upstream``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stacks.catalog.decode import nearest
from stacks.catalog.mirrors import FLAT, KINDS, UPSTREAM, Mirrors
from stacks.catalog.read import load_catalog
from stacks.model import address as addresses
from tasks.hostdata import network
from tasks.hostdata.reading import Data, Reader

KEY = "mirrors"
MOST = 8
"""Mirrors of one kind; each is asked, one after the other."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9._~:/@+,=%\[\]-]+")
"""An address without what a shell, apt's and dnf's files or a requirement file would read in it."""
_REGISTRY = re.compile(rf"https?://{network.HOST}/?")
"""Docker takes no path, user or password in ``registry-mirrors``."""
_EXPECTED = "an address such as https://mirror/simple, with other characters as %XX"


@dataclass(frozen=True)
class Candidate:
    """One mirror of a kind, as host data name it."""

    kind: str
    """One of `KINDS`."""
    address: str
    """With the login that it may have; empty: the maker's own, or the client's default."""
    name: str
    """What it is called in messages: its name in the catalogue, or its host."""

    @property
    def word(self) -> str:
        """As host data say it."""
        return self.address or UPSTREAM

    @property
    def shown(self) -> str:
        """Its address without a login, for messages and records."""
        return addresses.bare(self.address) or UPSTREAM

    @property
    def site(self) -> str:
        """Its host in lower case; empty for `UPSTREAM`."""
        return (urlsplit(self.address).hostname or "") if self.address else ""


Candidates = Mapping[str, tuple[Candidate, ...]]
"""By kind, the preferred one first."""


def candidates(data: Data) -> dict[str, tuple[Candidate, ...]]:
    """All mirrors that host data name, by kind.

    Raises:
        ValueError: It is not as expected; the message shows no password.
    """
    known = load_catalog().mirrors
    reader = Reader(data)
    said = reader.said(KEY)
    if isinstance(said, str):
        if said not in known.sets:
            close = nearest(said, known.sets, 1)
            meant = f'; did you mean "{close[0]}"?' if close else ""
            expected = f"a set ({', '.join(known.sets)}) or a mapping of kinds to mirrors{meant}"
            raise reader.wrong(KEY, addresses.masked(said), expected)
        one = known.sets[said]
        return {kind: _of_set(known, kind, names) for kind, names in one.kinds.items()}
    expected = f"the name of a set ({', '.join(known.sets)}), or a mapping of {', '.join(KINDS)}"
    mapping = reader.mapping(KEY, KINDS, f"{expected} to addresses")
    return {kind: found for kind, value in mapping.items() if (found := _of(kind, value, known))}


def first(found: Candidates) -> dict[str, str]:
    """The address of the preferred one of each kind; a kind whose first is `UPSTREAM` is left out.

    Registries are no part of it: Docker takes them all.
    """
    chosen = {kind: listed[0].address for kind, listed in found.items() if kind != "registry"}
    return {kind: address for kind, address in chosen.items() if address}


def spelt_out(data: Data) -> dict[str, str | list[str]]:
    """The same mirrors for who has no catalogue before there is an environment: one, or a list.

    Those of Python packages, of which the environment is made, are said by their addresses; of
    others the catalogue's names are enough, and short, for user data have little room.

    Raises:
        ValueError: As `candidates`.
    """
    known = load_catalog().mirrors

    def word(one: Candidate) -> str:
        named = one.name in known.usable(one.kind)
        named = named and known.addresses(one.kind, (one.name,)) == (one.address,)
        return one.name if named and one.kind != "pypi" else one.word

    words = {kind: [word(one) for one in listed] for kind, listed in candidates(data).items()}
    return {kind: listed[0] if len(listed) == 1 else listed for kind, listed in words.items()}


def registries(data: Data) -> tuple[str, ...]:
    """Registries that Docker asks before the one that an image's name says, in their order.

    Raises:
        ValueError: As `candidates`.
    """
    listed = candidates(data).get("registry", ())
    return tuple(candidate.address.rstrip("/") for candidate in listed if candidate.address)


def _of_set(known: Mirrors, kind: str, names: tuple[str, ...]) -> tuple[Candidate, ...]:
    listed = zip(names, known.addresses(kind, names), strict=True)
    return tuple(Candidate(kind, "" if name == UPSTREAM else at, name) for name, at in listed)


def _of(kind: str, value: Any, known: Mirrors) -> tuple[Candidate, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    if len(listed) > MOST:
        raise ValueError(f'"{KEY}.{kind}" names {len(listed)} mirrors; expected {MOST} at most.')
    found = [_one(kind, item, known) for item in listed]
    return tuple({candidate.address: candidate for candidate in reversed(found)}.values())[::-1]


def _one(kind: str, item: Any, known: Mirrors) -> Candidate:
    reader = Reader({})
    key = f"{KEY}.{kind}"
    if item == UPSTREAM:
        return Candidate(kind, "", UPSTREAM)
    if isinstance(item, str) and item in known.usable(kind):
        (address,) = known.addresses(kind, (item,))
        return Candidate(kind, address, item)
    if not isinstance(item, str) or not _ADDRESS.fullmatch(item):
        names = ", ".join((*known.usable(kind), UPSTREAM))
        raise reader.wrong(key, item, f"{_EXPECTED}, or a name of these: {names}")
    if why := addresses.fault(item):
        raise ValueError(
            f'"{key}" has {why}. Its value is not shown, for it may hold a password; '
            "expected http://USER:PASSWORD@HOST/PATH."
        )
    if item.startswith(FLAT) and kind != "pytorch":
        raise ValueError(f'"{key}" begins with {FLAT}, which is for mirrors of pytorch alone.')
    if kind == "registry" and not _REGISTRY.fullmatch(item):
        expected = "addresses without a path, user or password, such as https://mirror.example.org"
        raise reader.wrong(key, addresses.bare(item), expected)
    name = next((n for n in known.usable(kind) if known.addresses(kind, (n,)) == (item,)), "")
    return Candidate(kind, item, name or urlsplit(addresses.bare(item)).netloc or item)
