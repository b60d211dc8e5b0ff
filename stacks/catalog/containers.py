"""Schema of the facts about containers: ``containers.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stacks.catalog.provenance import Group
from stacks.model.containers import Engine

Signed = Literal["index", "packages"]
"""What of a repository carries a signature."""


@dataclass(frozen=True, kw_only=True)
class Toolkit(Group):
    """NVIDIA Container Toolkit and its repository."""

    version: str
    """The one that is planned unasked."""
    newest: str
    oldest: str
    """The oldest that may be asked for."""
    cdi_070: str
    """The first whose CDI specs are of format 0.7.0."""
    packages: tuple[str, ...]
    held: tuple[str, ...]
    base: str
    indexes: Mapping[str, str]
    """Folder below the base by package manager; ``{arch}`` is to be filled in."""
    key: str
    """File below the base."""
    fingerprint: str
    label: str
    signed: Mapping[str, tuple[Signed, ...]]
    release: str
    """Version of a package: ``{version}-1``."""


@dataclass(frozen=True)
class Folder:
    """Where Docker's own repository for a distribution lies."""

    folder: str
    suite: str


@dataclass(frozen=True)
class Archived:
    """An engine in an archive."""

    version: str
    packages: tuple[str, ...]
    held: tuple[str, ...]
    compose: str = ""
    """Version of Compose among the packages; empty: none, or what comes with Docker's own."""


@dataclass(frozen=True, kw_only=True)
class DockerCe(Group):
    """Docker's own packages and their repository."""

    version: str
    packages: tuple[str, ...]
    needed: Mapping[str, tuple[str, ...]]
    """Packages of the distribution beside them, by package manager."""
    held: tuple[str, ...]
    pinned: tuple[str, ...]
    """Those of the packages whose version is Docker's."""
    excludes: tuple[str, ...]
    """Packages of distributions that cannot be installed beside them."""
    containerd: Archived
    base: str
    key: str
    """File below a distribution's folder."""
    label: str
    component: str
    signed: Mapping[str, tuple[Signed, ...]]
    releases: Mapping[str, str]
    """Version of a package by package manager; apt's has an epoch."""
    fingerprints: Mapping[str, str]
    """By package manager."""
    distributions: Mapping[str, Folder]


@dataclass(frozen=True)
class Threshold:
    """The first versions of one engine that can do a thing with CDI; ``None``: none known."""

    reads: str
    default: str
    spec_070: str
    gpus: str | None = None


@dataclass(frozen=True, kw_only=True)
class Thresholds(Group):
    """CDI by engine."""

    rows: Mapping[Engine, Threshold]


@dataclass(frozen=True, kw_only=True)
class Archive(Group):
    """Engines in the archive of one distribution."""

    docker: Archived | None = None
    containerd: Archived | None = None
    podman: Archived | None = None

    def offer(self, engine: Engine) -> Archived | None:
        """What the archive has of this engine."""
        offers = {"docker": self.docker, "containerd": self.containerd, "podman": self.podman}
        return offers[engine]


@dataclass(frozen=True)
class Containers:
    """``catalog/containers.yaml``."""

    toolkit: Toolkit
    docker_ce: DockerCe
    cdi: Thresholds
    archives: Mapping[str, Archive]
    """By distribution."""
