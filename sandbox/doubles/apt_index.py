"""Indexes of an apt repository, made and signed with the real tools."""

import gzip
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.commands import run
from sandbox.doubles.signing import Signer


def link(files: Iterable[Path], folder: Path) -> None:
    """Put packages into `folder` without copying them."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        place = folder / file.name
        place.unlink(missing_ok=True)
        os.link(file, place)


def write_packages(root: Path, inside: str, index: str) -> None:
    """Write ``Packages`` and ``Packages.gz`` of the .deb files below `root`/`inside` to `index`.

    Addresses in the index are relative to `root`.
    """
    text = run("env", f"--chdir={root}", "apt-ftparchive", "packages", inside)
    if inside == ".":
        text = text.replace("\nFilename: ./", "\nFilename: ")
    folder = root / index
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Packages").write_text(text)
    (folder / "Packages.gz").write_bytes(gzip.compress(text.encode(), 1, mtime=0))


def write_release(folder: Path, fields: Mapping[str, str]) -> None:
    """Write ``Release`` over everything in `folder`."""
    options = [f"APT::FTPArchive::Release::{key}={value}" for key, value in fields.items()]
    words = [word for option in options for word in ("-o", option)]
    release = folder / "Release"
    for old in ("Release", "InRelease", "Release.gpg"):
        (folder / old).unlink(missing_ok=True)
    text = run("env", f"--chdir={folder}", "apt-ftparchive", *words, "release", ".")
    release.write_text(text)


def sign(folder: Path, signer: Signer, key: str, expired: bool = False) -> None:
    """Write ``InRelease`` and ``Release.gpg``."""
    signer.clearsign(key, folder / "Release", folder / "InRelease", expired)
    signer.detach(key, folder / "Release", folder / "Release.gpg", expired)
