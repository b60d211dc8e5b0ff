"""What the package manager would do, and what its sources have, asked before any change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown


@dataclass(frozen=True)
class Unfetchable(Shown):
    """A package that was cut off while it was unpacked, in a version that no source has."""

    name: str
    version: str


@dataclass(frozen=True)
class Outlook(Shown):
    """Answers of apt or dnf. Nothing on the host was changed for them."""

    unread: str = ""
    """Why a source could not be read now: the answers are of the others then, and of the lists that
    were there where none could be."""
    unfetchable: tuple[Unfetchable, ...] = ()
    removals: tuple[str, ...] = ()
    """Packages that ``apt-get --fix-broken install`` would remove."""
    repair_fails: str = ""
    """apt's words where it finds no way to make its dependencies whole; empty: it does, or nothing
    is broken."""
    complaints: tuple[str, ...] = ()
    """apt's words for unmet dependencies: ``acme : Depends: acme-runtime but it is not …``."""
    headers: Mapping[str, bool] | None = None
    """Kernel release to whether a source has its headers; None: that was not to be seen."""
    newest: Mapping[str, str] = field(default_factory=dict)
    """Metapackage of headers (``linux-headers-cloud-amd64``, ``kernel-devel``) to the release of
    the kernel that it brings together with its image's."""
