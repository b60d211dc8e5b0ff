"""What a bundle holds, as its ``manifest.json`` tells. No secret is in it.

Of addresses it names those of packages alone, without any login: where the archives of the host
that collected them have them.
"""

from __future__ import annotations

import dataclasses
import fcntl
import functools
import hashlib
import json
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stacks.model.plain import decoded

SCHEMA = 2
"""2 names releases, and of files their source and licence."""
NAME = "manifest.json"
_SHA256, _KEY = re.compile("[0-9a-f]{64}"), re.compile("([0-9A-F]{40})?")
_PATH = re.compile(r"[A-Za-z0-9][\w.+!~-]*(/[A-Za-z0-9][\w.+!~-]*)+", re.ASCII)


class BundleError(Exception):
    """A bundle's folder cannot be read or written; the text names it and says why."""


@dataclass(frozen=True)
class Entry:
    """One file of the bundle."""

    sha256: str
    size: int
    """Bytes."""
    of: tuple[str, ...]
    """What it belongs to: names of locks, the reference of a base, the key of an archive, a
    release."""
    source: str = ""
    """Where it was taken from: an address without login, a lock; empty: nobody noted it."""
    licence: str = ""
    """As the file itself, or the archive that has it, says; empty: neither does."""


@dataclass(frozen=True)
class Base:
    """One base image."""

    file: str
    layers: tuple[str, ...]
    """Digests of its layers unpacked: the same in every Docker, which an image's id is not."""


@dataclass(frozen=True)
class Release:
    """Packages for hosts of one release and architecture, as a repository that apt reads."""

    index: str
    """Its folder, with ``Packages`` and ``InRelease``: ``apt/debian-12-x86_64``."""
    hosts: tuple[str, ...] = ()
    """Names of the hosts that it was collected for."""


@dataclass(frozen=True)
class Manifest:
    """All files of a bundle, and what they are for."""

    files: Mapping[str, Entry] = field(default_factory=dict)
    """By path in the folder: ``wheels/torch-2.9.1-….whl``."""
    locks: Mapping[str, str] = field(default_factory=dict)
    """Name of a lock to the SHA-256 of what it pins; all its wheels are here."""
    bases: Mapping[str, Base] = field(default_factory=dict)
    """By reference and architecture: ``debian:bookworm-slim x86_64``."""
    archives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Folder of a flat repository below ``debs`` to the packages that were asked for."""
    releases: Mapping[str, Release] = field(default_factory=dict)
    """By release and architecture: ``debian-12 x86_64``."""
    key: str = ""
    """Fingerprint (40 hex digits) of the key that signed the repositories of `releases`, which was
    made for that and is gone; empty: there are none."""

    def of(self, owner: str, below: str = "") -> dict[str, Entry]:
        """The files that belong to a lock, a base or an archive."""
        return {p: e for p, e in self.files.items() if owner in e.of and p.startswith(below)}

    def with_file(self, path: str, entry: Entry) -> Manifest:
        """The same with a file more; where it is there already, its owners are joined.

        Raises:
            BundleError: The path could lead out of the folder.
        """
        if not _PATH.fullmatch(path):
            raise BundleError(f"{path!r} is no name for a file of a bundle")
        known = self.files.get(path)
        owners = {*entry.of, *(known.of if known and known.sha256 == entry.sha256 else ())}
        joined = dataclasses.replace(entry, of=tuple(sorted(owners)))
        return dataclasses.replace(self, files={**self.files, path: joined})


def read(folder: Path) -> Manifest:
    """The manifest in this folder; an empty one where there is none.

    Raises:
        BundleError: It is none of ours, or of a newer release.
    """
    file = folder / NAME
    if not file.exists():
        return Manifest()
    try:
        told = decoded(file.read_bytes())
        schema = told["schema"]
        if schema in range(1, SCHEMA + 1):
            return _manifest(told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"{file} is no manifest of a bundle: {error!r}") from None
    raise BundleError(f"{file} is of schema {schema!r}; this release reads up to {SCHEMA}")


def change(folder: Path, changed: Callable[[Manifest], Manifest]) -> None:
    """Read the manifest, change it, and write it, with no other run between.

    Raises:
        BundleError: The folder cannot be written, or has a manifest that cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = {"schema": SCHEMA, **dataclasses.asdict(changed(read(folder)))}
            part = folder / f"{NAME}.part"
            part.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
            part.replace(folder / NAME)
    except OSError as error:
        raise BundleError(f"{folder} cannot be written: {error}") from None


def fault(folder: Path, path: str, entry: Entry) -> str:
    """What is wrong with a file, in words; nothing where it is whole."""
    file = folder / path
    try:
        state = file.lstat()
        if not stat.S_ISREG(state.st_mode) or file.parent.resolve() != _within(folder, path):
            return f"{path} is a link, or no file, or lies behind a link: who follows it is led out"
    except OSError:
        return f"{path} is not there"
    if state.st_size != entry.size:
        return f"{path} has {state.st_size:,} bytes, and not {entry.size:,}"
    try:
        found = _digest(file, state.st_size, state.st_mtime_ns)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return "" if found == entry.sha256 else f"{path} has the SHA-256 {found}, not {entry.sha256}"


def entry_of(file: Path, owner: str) -> Entry:
    """The entry of a file that has just been put into the bundle."""
    state = file.stat()
    return Entry(_digest(file, state.st_size, state.st_mtime_ns), state.st_size, (owner,))


def _within(folder: Path, path: str) -> Path:
    return folder.resolve() / Path(path).parent


@functools.cache
def _digest(file: Path, size: int, changed_ns: int) -> str:
    """Size and date are there so that a file that changed is read again."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _manifest(told: dict[str, Any]) -> Manifest:
    for path, entry in told["files"].items():
        if not _PATH.fullmatch(path):
            raise ValueError(f"{path!r} is no path of a file in it")
        if not _SHA256.fullmatch(entry["sha256"]) or not isinstance(entry["size"], int):
            raise ValueError(f"{path} has no SHA-256, or no size")
    if not _KEY.fullmatch(told.get("key", "")):
        raise ValueError(f"{told['key']!r} is no fingerprint of a key")
    return Manifest(
        {
            p: Entry(
                str(e["sha256"]),
                int(e["size"]),
                tuple(e["of"]),
                str(e.get("source", "")),
                str(e.get("licence", "")),
            )
            for p, e in told["files"].items()
        },
        dict(told["locks"]),
        {name: Base(str(b["file"]), tuple(b["layers"])) for name, b in told["bases"].items()},
        {key: tuple(names) for key, names in told["archives"].items()},
        {
            name: Release(_index(r["index"]), tuple(r["hosts"]))
            for name, r in told.get("releases", {}).items()
        },
        str(told.get("key", "")),
    )


def _index(told: object) -> str:
    if not isinstance(told, str) or not _PATH.fullmatch(told):
        raise ValueError(f"{told!r} is no folder in it")
    return told
