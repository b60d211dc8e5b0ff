"""What the package manager knows, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown


@dataclass(frozen=True)
class Package(Shown):
    """A package that dpkg or rpm knows."""

    name: str
    version: str
    status: str
    """dpkg's three letters, trimmed: ``ii``, ``iF``, ``rc``, ``hi`` …"""
    origin: str | None
    """The archive's ``o=`` label where apt still knows it: ``Debian``, ``NVIDIA`` …; of an rpm the
    repository's id in dnf's history (``NVIDIA`` for NVIDIA's own), else its vendor."""

    @property
    def installed(self) -> bool:
        """Unpacked and configured."""
        return self.status[1:2] == "i"


@dataclass(frozen=True)
class LockHolder(Shown):
    """A process that holds one of apt's or dpkg's locks."""

    path: str
    pid: int
    command: str


@dataclass(frozen=True)
class AptSource(Shown):
    """One enabled source, from ``.list`` or deb822 ``.sources`` files."""

    file: str
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None
    options: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)
    """Where it begins in its file, from 1 on; 0: unknown."""

    @property
    def place(self) -> str:
        """``/etc/apt/sources.list:3``."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Release(Shown):
    """What an archive's Release file says of it (the copy in apt's lists)."""

    origin: str | None = None
    """``Debian``."""
    label: str | None = None
    suite: str | None = None
    """``oldstable``, ``jammy-updates``."""
    codename: str | None = None
    """``bookworm``, ``bookworm-security``."""
    version: str | None = None
    """``12.15``."""
    components: tuple[str, ...] = ()
    """All that the archive has, enabled here or not."""
    date: int | None = None
    """When it was made, in seconds since 1970."""


@dataclass(frozen=True)
class DnfRepository(Shown):
    """One repository of a ``.repo`` file."""

    file: str
    name: str
    """Its id: ``baseos``, ``epel``, ``cuda-rhel9-x86_64``."""
    addresses: tuple[str, ...]
    enabled: bool
    brought_by: str | None = None
    """The installed package that owns its file; None: somebody wrote it."""


@dataclass(frozen=True)
class PackageManager(Shown):
    """State of apt and dpkg, or of dnf and rpm."""

    kind: str
    """``apt``, ``dnf`` or ``unknown``."""
    locks: tuple[LockHolder, ...]
    half_configured: tuple[str, ...]
    """``name status`` for every package that is neither installed nor cleanly absent; on rpm
    ``name twice`` for one whose update was cut off."""
    broken: str | None
    """First lines of what ``dpkg --audit`` complains about; empty string: nothing."""
    holds: tuple[str, ...]
    sources: tuple[AptSource, ...]
    ppas: tuple[str, ...]
    """Sources that are Launchpad archives."""
    unattended_upgrades: bool | None
    lists_age_s: int | None
    """Seconds since the newest package list was fetched; None: no list."""
    foreign_architectures: tuple[str, ...] = ()
    architecture: str | None = None
    """dpkg's own: ``amd64``."""
    repositories: tuple[DnfRepository, ...] = ()
    """dnf's, enabled or not."""
    releases: Mapping[str, Release] = field(default_factory=dict)
    """Release files in apt's lists, by the start of their name (`facts.parse.releases.stem`)."""
    streams: Mapping[str, str] = field(default_factory=dict)
    """dnf module to its enabled stream: ``nvidia-driver`` to ``580-open``."""
