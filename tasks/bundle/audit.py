"""A bundle read from its first byte to its last, and what of it is not as its manifest says. Pure.

Touches files of this machine only.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facts.parse import openpgp
from stacks.model.plain import told
from tasks.offline import index, manifest, shortage
from tasks.offline.manifest import BundleError, Manifest
from tasks.offline.wants import KEY, SIGNED

OWN = (manifest.NAME, ".lock")
SECONDS = 60


@dataclass(frozen=True)
class Audit:
    """What was found."""

    lines: list[str]
    """For a person."""
    faults: bool
    unreadable: bool = False


def audited(folder: Path, pinned: str = "") -> Audit:
    """Read all of a bundle.

    Args:
        folder: The bundle.
        pinned: Fingerprint of the key that it must be signed with; empty: its manifest's own.
    """
    try:
        known = manifest.read(folder)
        if not known.files:
            raise BundleError(f"{folder} holds no bundle: {manifest.NAME} is not there, or empty")
    except BundleError as error:
        return Audit([f"BUNDLE-FOLDER: {error}"], True, True)
    faults = shortage.faults_of(folder, known, sorted(known.files))
    faults += _keys(folder, known, pinned)
    for release, one in sorted(known.releases.items()):
        faults += _index(folder, known, release, one.index)
    size = sum(entry.size for entry in known.files.values())
    lines = [f"BUNDLE-SPOILED: {fault}" for fault in faults]
    lines += [f"not of the bundle: {told(name)}" for name in _strangers(folder, known)]
    lines.append(
        f"{folder}: {len(known.files)} files, {size:,} bytes read; "
        + (f"{len(faults)} faults" if faults else "whole")
        + f"; hosts of: {', '.join(known.releases) or 'none'}"
        + (f"; signed by {known.key}" if known.key else "")
    )
    return Audit(lines, bool(faults))


def _keys(folder: Path, known: Manifest, pinned: str) -> Iterator[str]:
    if pinned and known.key != pinned:
        yield f"it is signed by {known.key or 'nobody'}, and not by {pinned}"
    if not known.releases:
        return
    try:
        found = openpgp.read((folder / KEY).read_bytes()).fingerprints
    except (OSError, openpgp.OpenPgpError) as error:
        yield f"{KEY} is no public key: {error}"
        return
    if found != (known.key,):
        yield f"{KEY} is {', '.join(found)}, and the manifest names {known.key or 'none'}"


def _index(folder: Path, known: Manifest, release: str, at: str) -> Iterator[str]:
    """What is wrong with one repository: every package of it must be listed, and it be signed."""
    try:
        body = (folder / at / index.PACKAGES).read_bytes()
        debs = index.read(body.decode())
        signed = (folder / at / SIGNED).read_text()
    except (OSError, ValueError) as error:
        yield f"the repository of {release} cannot be read: {error}"
        return
    listed = known.of(release)
    for deb in debs:
        entry = listed.get(deb.path)
        if entry is None or (entry.sha256, entry.size) != (deb.sha256, deb.size):
            yield f"{deb.name} {deb.version} is in the repository of {release} and has no file"
    if f" {index.digest(body)} {len(body)} {index.PACKAGES}" not in signed.splitlines():
        yield f"{at}/{SIGNED} is of another list of packages"
    if shutil.which("gpgv") and (why := _unsigned(folder, at)):
        yield f"{at}/{SIGNED} is not signed by {KEY}: {why}"


def _unsigned(folder: Path, at: str) -> str:
    """Gpgv's words where the signature is not good; empty: it is."""
    with tempfile.TemporaryDirectory() as place:
        ring = Path(place, "key.gpg")
        try:
            ring.write_bytes(openpgp.read((folder / KEY).read_bytes()).binary)
            done = subprocess.run(
                ["gpgv", "--keyring", str(ring), str((folder / at / SIGNED).absolute())],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, openpgp.OpenPgpError, subprocess.TimeoutExpired) as error:
            return str(error)
    return "" if done.returncode == 0 else told(done.stderr.strip()[-200:])


def _strangers(folder: Path, known: Manifest) -> list[str]:
    """Files that no manifest names: parts of a fetch that was cut off, or somebody else's."""
    there = (p for p in sorted(folder.rglob("*")) if p.is_symlink() or not p.is_dir())
    names = (p.relative_to(folder).as_posix() for p in there)
    found = [n for n in names if n not in known.files and n not in OWN]
    return found[:20]
