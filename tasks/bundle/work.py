"""What one host is asked about for a bundle, and what the bundle's folder then lacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stacks.model.image import ImagePlan
from tasks.bundle import contents
from tasks.bundle.contents import BASES, DEBS, WHEELS, Contents
from tasks.offline import manifest
from tasks.offline.manifest import Manifest


@dataclass(frozen=True)
class Work:
    """One host's image, and the folder on the controller."""

    folder: Path
    plan: ImagePlan
    asked: Contents
    apt: tuple[str, ...] = field(default=(), repr=False)
    """Lines of apt's one-line form in place of the base's own; they may hold a password."""


def lacks_base(folder: Path, known: Manifest, asked: Contents) -> bool:
    """Whether the base is not there whole."""
    base = known.bases.get(asked.base_key)
    return base is None or _faulty(folder, known, asked.base_key, BASES)


def lacks_debs(folder: Path, known: Manifest, asked: Contents) -> bool:
    """Whether the packages for this base are not there whole, as far as the base is known."""
    base = known.bases.get(asked.base_key)
    key = asked.archive(base.layers) if base else ""
    return key not in known.archives or _faulty(folder, known, key, DEBS)


def lacking_wheels(folder: Path, known: Manifest, asked: Contents) -> list[str]:
    """Names of the locks of which this bundle has not all wheels whole."""
    return [
        name
        for name, parts in asked.locks.items()
        if known.locks.get(name) != contents.lock_digest(parts)
        or asked.lacking_of_lock(name, known)
        or any(manifest.fault(folder, p, e) for p, e in known.of(name, f"{WHEELS}/").items())
    ]


def lacking_tarballs(folder: Path, known: Manifest, asked: Contents) -> list[str]:
    """Names of the tarballs that are not there whole."""
    return [
        download.name
        for downloads in asked.tarballs.values()
        for download in downloads
        if (path := contents.tarball_file(download)) not in known.files
        or manifest.fault(folder, path, known.files[path])
    ]


def _faulty(folder: Path, known: Manifest, owner: str, below: str) -> bool:
    files = known.of(owner, f"{below}/")
    return not files or any(manifest.fault(folder, path, entry) for path, entry in files.items())
