"""What a bundle lacks for one host, and what is wrong with it, before the host is touched. Pure.

Touches files of the controller only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from facts.parse import openpgp
from stacks.model.messages import Conflict
from stacks.model.plain import told
from tasks.offline import index, manifest, wants
from tasks.offline.index import Deb
from tasks.offline.manifest import BundleError, Manifest
from tasks.offline.wants import KEY, SIGNED, Wants

DOCS = "docs/offline.md"
SHOWN = 8
"""Files that a refusal names."""
MOST_BYTES = 1 << 26
"""Of the list of packages: a thousand of them have 2 MiB."""


@dataclass(frozen=True)
class Opened:
    """A bundle that is for this host's release."""

    folder: Path
    manifest: Manifest
    key: str
    """Armoured."""
    debs: tuple[Deb, ...]


def opened(folder: Path, release: str, pinned: str = "") -> tuple[Opened | None, list[Conflict]]:
    """The bundle in this folder, as far as a host of this release reads it; or what is wrong.

    Args:
        folder: Of this machine.
        release: ``debian-12 x86_64``.
        pinned: Fingerprint of the only key that it may have; empty: the manifest's own.
    """
    try:
        known = manifest.read(folder)
        if not known.files:
            raise BundleError(f"{folder} holds no bundle: {manifest.NAME} is not there, or empty")
    except BundleError as error:
        return None, [unreadable(error)]
    there = known.releases.get(release)
    if there is None:
        return None, [_other_release(folder, known, release)]
    small = (KEY, f"{there.index}/{index.PACKAGES}", f"{there.index}/{SIGNED}")
    if faults := faults_of(folder, known, small):
        return None, [spoiled(folder, faults)]
    try:
        key = (folder / KEY).read_bytes()
        fingerprints = openpgp.read(key).fingerprints
        if (folder / small[1]).stat().st_size > MOST_BYTES:
            raise ValueError(f"{small[1]} is longer than {MOST_BYTES >> 20} MiB")
        debs = index.read((folder / small[1]).read_text())
    except openpgp.OpenPgpError as error:
        return None, [_other_key(folder, f"{KEY} is no public key: {error}")]
    except (OSError, ValueError) as error:
        return None, [spoiled(folder, [str(error)])]
    if fingerprints != (known.key,):
        why = f"{KEY} is {', '.join(fingerprints)}, and the manifest names {known.key or 'none'}"
        return None, [_other_key(folder, why)]
    if pinned and known.key != pinned:
        return None, [_other_key(folder, f"it is {known.key}, and host data name {pinned}")]
    return Opened(folder, known, key.decode("ascii", "replace"), tuple(debs)), []


def conflicts(bundle: Opened, wanted: Wants, elsewhere: bool = False) -> list[Conflict]:
    """What speaks against installing from it.

    Args:
        bundle: The bundle.
        wanted: What the host needs.
        elsewhere: Whether the large files lie somewhere else, so that they cannot be read here.
    """
    known, folder = bundle.manifest, bundle.folder
    missing = [name for ask in wanted.asks for name in index.lacking(bundle.debs, [*ask])]
    listed = known.of(wanted.release)
    missing += [f"the file of {d.name} {d.version}" for d in bundle.debs if d.path not in listed]
    found = []
    for name, text in wanted.locks.items():
        if name in known.locks and known.locks[name] != wants.lock_digest(text):
            found.append(_other_lock(folder, name))
        else:
            missing += wants.lacking_wheels(text, name, known)
    for download in wanted.tarballs:
        entry = known.files.get(wants.tarball_file(download.sha256))
        if entry is None or entry.sha256 != download.sha256:
            missing.append(download.name)
    if missing:
        found.append(lacks(folder, missing))
    if not elsewhere and (faults := faults_of(folder, known, wants.files(wanted, known))):
        found.append(spoiled(folder, faults))
    return found


def faults_of(folder: Path, known: Manifest, paths: Iterable[str]) -> list[str]:
    """What is wrong with these files, each in words."""
    return [*_faults(folder, known, paths)]


def _faults(folder: Path, known: Manifest, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        entry = known.files.get(path)
        fault = manifest.fault(folder, path, entry) if entry else f"{path} is not in the manifest"
        if fault:
            yield fault


def unreadable(error: BundleError) -> Conflict:
    """BUNDLE-FOLDER: the folder is none of a bundle."""
    return Conflict(
        "BUNDLE-FOLDER",
        "the bundle's folder cannot be used",
        str(error),
        ("name another folder: --data bundle=FOLDER",),
        DOCS,
    )


def spoiled(folder: Path, faults: list[str]) -> Conflict:
    """BUNDLE-SPOILED: files are cut, changed, links, or gone."""
    return Conflict(
        "BUNDLE-SPOILED",
        f"the bundle {folder} has files that are not what its manifest says",
        some(faults),
        (*again(folder), "or copy the folder here once more"),
        DOCS,
    )


def lacks(folder: Path, missing: list[str]) -> Conflict:
    """BUNDLE-LACKS: it was collected for something else."""
    why = some([told(one) for one in missing])
    return Conflict(
        "BUNDLE-LACKS", f"the bundle {folder} lacks what is needed", why, again(folder), DOCS
    )


def again(folder: Path) -> tuple[str, ...]:
    """How it is made whole."""
    return (
        "where there is a network: pyinfra INVENTORY deploys/bundle.py "
        f"--data bundle={folder} (it fetches what is missing)",
    )


def some(texts: list[str]) -> str:
    """The first of these, and how many more there are."""
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _other_release(folder: Path, known: Manifest, release: str) -> Conflict:
    there = ", ".join(known.releases) or "no host, but images alone"
    return Conflict(
        "BUNDLE-RELEASE",
        f"the bundle {folder} is not for this host",
        f"this host is {release}; the bundle is for {there}. Packages of one release do not fit "
        "another",
        (
            f"collect for a host of this release too, where there is a network: pyinfra INVENTORY "
            f"deploys/bundle.py --data bundle={folder} --data bundle_for=gpu_host",
        ),
        DOCS,
    )


def _other_key(folder: Path, why: str) -> Conflict:
    return Conflict(
        "BUNDLE-KEY",
        f"the bundle {folder} is signed by another key than it should be",
        why,
        (
            "compare with the fingerprint that the run printed which collected it; if somebody has "
            "changed the bundle, take another copy",
            *again(folder),
        ),
        DOCS,
    )


def _other_lock(folder: Path, name: str) -> Conflict:
    return Conflict(
        "BUNDLE-LOCK",
        f"the bundle {folder} is of another lock",
        f"it has {name} of another content than the plan's",
        again(folder),
        "stacks/locks",
    )
