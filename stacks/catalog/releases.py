"""What people and hosts call a distribution's release: ``releases.yaml``, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from stacks.catalog.provenance import Group

_MOST = 80
"""Characters of a name that is looked at: nobody's is longer."""


@dataclass(frozen=True)
class Family:
    """A distribution with rows in the catalogue."""

    name: str
    called: tuple[str, ...]
    """Its names in lower case, without the idle words."""
    kin: str = ""
    """The family whose packages it has as well."""


@dataclass(frozen=True)
class Other:
    """A distribution without a row in the catalogue."""

    name: str
    called: tuple[str, ...]
    like: tuple[str, ...]
    """What its ``ID_LIKE`` says, nearest first."""


@dataclass(frozen=True)
class Kin:
    """What a word of ``ID_LIKE`` means."""

    family: str | None
    why: str


@dataclass(frozen=True, kw_only=True)
class MadeFrom(Group):
    """What the releases of other distributions are made from."""

    rows: Mapping[str, Mapping[str, str]]
    """Distribution, its major release, and the name of the catalogue."""


@dataclass(frozen=True, kw_only=True)
class Releases(Group):
    """``catalog/releases.yaml``."""

    idle: tuple[str, ...]
    families: Mapping[str, Family]
    codenames: Mapping[str, str]
    others: Mapping[str, Other]
    kin: Mapping[str, Kin]
    made_from: MadeFrom

    def base(self, other: str, version: str) -> str:
        """What a release is made from, the newest one without ``version``; empty: not known."""
        rows = self.made_from.rows.get(other, {})
        if not version:
            return list(rows.values())[-1] if rows else ""
        return rows.get(version.partition(".")[0], "")


def understood(said: str, known: Releases, keys: Collection[str]) -> str:
    """The catalogue's name of what is called ``said``: ``debian-12``, ``rocky-9``.

    ``Debian 12``, ``bookworm``, ``debian-12.15``, ``ubuntu2204``, ``Rocky Linux 9.4 (Blue Onyx)``
    are understood, in any case. Of a release that is not among ``keys`` it gives the name in the
    same form (``debian-14``, ``amzn-2023``); what nobody can tell comes back as it is.
    """
    if said in keys:
        return said
    text = re.sub(r"\([^)]*\)", " ", said[:_MOST].lower())
    text = re.sub(r"(?<=[0-9])[ -]*sp(?=[0-9])", ".", text)  # SUSE's 15 SP6 is VERSION_ID 15.6
    words = re.findall(r"[^\W\d_]+", text)
    versions = re.findall(r"[0-9]+(?:\.[0-9]+)*", text)
    codes = {known.codenames[word] for word in words if word in known.codenames}
    name = " ".join(w for w in words if w not in known.codenames and w not in known.idle)
    ident = _ident(name, known)
    if len(codes) > 1 or len(versions) > 1 or (name and ident is None):
        return said
    found = _numbered(ident, versions[0], keys) if ident and versions else ident
    if not codes:
        return found or said
    (code,) = codes
    named = {None, family_of(code), code} if not versions else {code}
    return code if found in named else said


def family_of(key: str) -> str:
    """``opensuse-leap`` of ``opensuse-leap-15.6``."""
    return re.sub(r"-[0-9][0-9.]*$", "", key)


def version_of(key: str) -> str:
    """``15.6`` of ``opensuse-leap-15.6``; empty where there is none."""
    return key[len(family_of(key)) + 1 :]


def _ident(name: str, known: Releases) -> str | None:
    rows: dict[str, Family | Other] = {**known.families, **known.others}
    return next((ident for ident, row in rows.items() if name in row.called), None)


def _numbered(family: str, version: str, keys: Collection[str]) -> str:
    """The family's release that ``version`` is of: 12.15 is of 12, and 2204 is 22.04."""
    own = [version_of(key) for key in keys if family_of(key) == family]
    dotted = f"{version[:2]}.{version[2:]}" if re.fullmatch(r"[0-9]{4}", version) else version
    for release in own:
        if release in (version, dotted) or version.startswith(f"{release}."):
            return f"{family}-{release}"
    within = [release for release in own if release.startswith(f"{version}.")]
    return f"{family}-{within[0] if len(within) == 1 else version}"
