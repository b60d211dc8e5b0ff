"""What a removal goes by: what was there before us, what we brought, what is there now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Noted(Shown):
    """Packages, marks, users and groups, as a note of ours or the host now has them."""

    packages: Mapping[str, str] = field(default_factory=dict)
    """Name with its architecture to version; packages of which several versions may be there are
    named ``name.arch version``."""
    settings: Lines = ()
    """Of apt's packages, those that were removed and left their settings behind."""
    manual: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Before(Noted):
    """What was there before the first change of ours."""

    whole: bool = True
    """Whether that was the very first change; no: an earlier release had worked here."""
    holds: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit to ``enabled``, ``disabled`` …"""
    folders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Brought(Shown):
    """What transactions and steps of ours brought and changed."""

    packages: Mapping[str, str] = field(default_factory=dict)
    """Named as in `Noted`."""
    moved: Lines = ()
    """``name version`` of packages that were there and came up to date."""
    gone: Lines = ()
    """``name version`` of what was there before a transaction and was not after it."""
    manual: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    docker_users: frozenset[str] = frozenset()
    docker_keys: frozenset[str] = frozenset()
    """Keys of Docker's settings that we have changed."""
    paths: Lines = ()
    """Folders outside of ours, such as CUDA's out of tarballs."""


@dataclass(frozen=True)
class Installed(Shown):
    """One package that is there."""

    name: str
    """As in `Noted`."""
    version: str
    status: str = "ii"
    essential: bool = False
    depends: str = ""
    """dpkg's Pre-Depends and Depends."""
    provides: str = ""

    @property
    def plain(self) -> str:
        """The name without its architecture: ``libcuda1``."""
        return self.name.partition(":")[0]


@dataclass(frozen=True)
class Container(Shown):
    """A container of Docker's."""

    name: str
    running: bool
    workspace: str = ""
    """User of the workspace that it is; empty: it is none of ours."""


@dataclass(frozen=True)
class Traces(Shown):
    """One host, as a removal sees it."""

    before: Before | None
    """None: nothing was noted."""
    brought: Brought = field(default_factory=Brought)
    installed: tuple[Installed, ...] = ()
    needed: Mapping[str, str] = field(default_factory=dict)
    """rpm: what cannot go, by its name in `brought`, and who needs it."""
    manual: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    docker_group: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()
    """Names in our pins and in our list of the kernel's holds."""
    locks: Lines = ()
    """Names of our blocks in dnf's list of locks."""
    files: Lines = ()
    """Files of others' folders that carry our name."""
    aside: Lines = ()
    """Files that were moved aside."""
    folders: Mapping[str, int] = field(default_factory=dict)
    """Folders of our own, and their size in MiB."""
    environments: Lines = ()
    entries: Lines = ()
    """What lies in them, as paths."""
    loader: Lines = ()
    """Loader files in which we have commented lines out."""
    textfiles: Lines = ()
    """What the guard, and a first boot, have written for node_exporter."""
    written: Mapping[str, bool] = field(default_factory=dict)
    """containerd's files that we have written, and whether they are still as we wrote them."""
    made: Lines = ()
    """Folders for node_exporter that we have made."""
    daemon_json: str | None = None
    """Docker's settings, passwords hidden; None: there is no file."""
    daemon_json_before: str | None = None
    stream: str = ""
    """dnf's file of the module nvidia-driver."""
    stream_before: str = ""
    initramfs: Lines = ()
    """Marks of an initramfs that is due."""
    workspaces: Lines = ()
    """Users."""
    homes: Lines = ()
    """Homes of workspaces, there or gone, that are not empty."""
    containers: tuple[Container, ...] = ()
    images: Lines = ()
    volumes: Lines = ()
    running: Lines = ()
    """Units of ours that work now: ``gpuwright-burn-in.service``; ``?``: systemd did not say."""
    image_names: Lines = ()
    """Names of our images, as our own note has them."""
