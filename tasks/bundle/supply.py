"""What a build takes from a bundle in place of the network, and what the bundle lacks for it.

Touches files of the controller only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from facts.parse.images import ImageState
from stacks.model.messages import Conflict
from tasks.bundle import contents
from tasks.bundle.bundle_conflicts import named_by_digest, unreadable
from tasks.bundle.contents import DEBS, Contents
from tasks.offline import manifest, shortage
from tasks.offline.manifest import Base, BundleError, Manifest
from tasks.recipe.recipe import BUNDLE, Recipe
from tasks.recipe.recipe import DEBS as DEBS_OF_BUILD

BASE = "base.tar.gz"
"""The base's path on the host, below the image's folder."""
DOCS = "docs/image.md"


@dataclass(frozen=True)
class Sent:
    """One file that the host needs."""

    local: Path
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Supply:
    """All that one build takes from a bundle."""

    files: Mapping[str, Sent]
    """By path on the host, below the image's folder: ``bundle/torch/torch-2.9.1-….whl``."""
    base: Sent | None
    """None: the host has it."""
    layers: tuple[str, ...]
    """Of the base."""

    @property
    def size_mb(self) -> int:
        """MiB of all files."""
        return sum(sent.size for sent in self.sent().values()) // 2**20

    def sent(self) -> dict[str, Sent]:
        """All files by path below the image's folder; the base only where the host lacks it."""
        return {**self.files, **({BASE: self.base} if self.base else {})}

    def sums(self) -> str:
        """The same as ``sha256sum --check`` reads it; no path has a blank in it."""
        return "".join(f"{sent.sha256}  {path}\n" for path, sent in sorted(self.sent().items()))


def supply_for(
    folder: Path, recipe: Recipe, state: ImageState
) -> tuple[Supply | None, list[Conflict]]:
    """The supply for a build of this recipe, or what speaks against it.

    Each file is read and its SHA-256 compared with the lock's, or with the manifest's.
    """
    asked = contents.contents_for(recipe)
    refused = [*named_by_digest(asked.base)]
    try:
        known = manifest.read(folder)
        if not known.files:
            raise BundleError(f"{folder} holds no bundle: {manifest.NAME} is not there, or empty")
    except BundleError as error:
        return None, [*refused, unreadable(error)]
    if refused:
        return None, refused
    refused = _other_locks(folder, known, asked)
    base = known.bases.get(asked.base_key)
    paths, missing = _paths(known, asked, base)
    if missing:
        refused.append(_lacks(folder, missing))
    if base is None:
        return None, refused
    spoiled = [fault for path in (*paths, base.file) if (fault := _fault(folder, known, path))]
    if spoiled:
        refused.append(replace(shortage.spoiled(folder, spoiled), source=DOCS))
    if state.base_layers is not None and state.base_layers != base.layers:
        refused.append(_other_base(asked.base))
    if refused:
        return None, refused

    def sent(path: str) -> Sent:
        return Sent(folder / path, known.files[path].sha256, known.files[path].size)

    files = {place: sent(path) for path, places in paths.items() for place in places}
    own = sent(base.file) if state.base_layers is None else None
    return Supply(files, own, base.layers), []


def _paths(
    known: Manifest, asked: Contents, base: Base | None
) -> tuple[dict[str, list[str]], list[str]]:
    """Path in the bundle to its places in the build's context; and what is missing."""
    found: dict[str, list[str]] = {}
    missing: list[str] = []

    def add(path: str, step: str) -> None:
        found.setdefault(path, []).append(f"{BUNDLE}/{step}/{path.rpartition('/')[2]}")

    for lock, parts in asked.locks.items():
        missing += asked.lacking_of_lock(lock, known) if lock in known.locks else []
        for step, part in parts.items():
            for path in contents.wheels_of(part, lock, known):
                add(path, step)
    for step, downloads in asked.tarballs.items():
        for download in downloads:
            path = contents.tarball_file(download)
            listed = known.files.get(path)
            if listed is None or listed.sha256 != download.sha256:
                missing.append(download.name)
            else:
                add(path, step)
    if base is None:
        missing.append(f"the base {asked.base_key}")
        return found, missing
    key = asked.archive(base.layers)
    if key not in known.archives:
        missing.append(f"packages for {asked.base}: {' '.join(asked.asks)}")
    for path in known.of(key, f"{DEBS}/"):
        add(path, DEBS_OF_BUILD)
    return found, missing


def _fault(folder: Path, known: Manifest, path: str) -> str:
    entry = known.files.get(path)
    return manifest.fault(folder, path, entry) if entry else f"{path} is not in the manifest"


def _other_locks(folder: Path, known: Manifest, asked: Contents) -> list[Conflict]:
    others = [
        name
        for name, parts in asked.locks.items()
        if known.locks.get(name) != contents.lock_digest(parts)
    ]
    if not others:
        return []
    return [
        Conflict(
            "BUNDLE-LOCK",
            f"the bundle {folder} is of another lock",
            f"the build needs {', '.join(others)}; "
            f"the bundle holds {', '.join(known.locks) or 'none'}"
            + (", of another content" if set(others) & set(known.locks) else ""),
            shortage.again(folder),
            "stacks/locks",
        )
    ]


def _lacks(folder: Path, missing: list[str]) -> Conflict:
    return Conflict(
        "BUNDLE-LACKS",
        f"the bundle {folder} lacks what the build needs",
        shortage.some(missing),
        shortage.again(folder),
        DOCS,
    )


def _other_base(base: str) -> Conflict:
    return Conflict(
        "BUNDLE-BASE",
        f"the host has another {base} than the bundle",
        "the bundle's packages are what is missing on its own base",
        (
            f"docker image tag {base} {base}-former && docker image rm {base}; then run this again",
            "or collect a bundle with this host's base",
        ),
        DOCS,
    )
