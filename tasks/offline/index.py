"""An apt repository without folders for releases: its texts, written and read. Pure.

What packages say of themselves stays as the archive that has them says it; only where the file
lies is another place (wiki.debian.org/DebianRepository/Format, "Flat Repository Format").
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from facts.parse.debversion import version_key

LABEL = "gpuwright bundle"
POOL = "pool"
PACKAGES = "Packages"
_OF_THE_FILE = ("filename", "md5sum", "sha1", "sha512", "status", "apt-sources")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ON = re.compile(r"linux-(headers|image)-([0-9]\S*)")


@dataclass(frozen=True)
class Deb:
    """One package file."""

    name: str
    version: str
    arch: str
    sha256: str
    size: int
    """Bytes."""
    depends: str
    section: str
    """``non-free/libs``."""
    lines: tuple[str, ...]
    """Its stanza, without what is said of the file."""

    @property
    def path(self) -> str:
        """Where it lies in a bundle: by its content, so that two releases share it."""
        return f"{POOL}/{self.sha256[:2]}/{self.sha256}.deb"


def read(text: str) -> list[Deb]:
    """The packages of a ``Packages`` text; each file once.

    Raises:
        ValueError: A stanza lacks a name, a version, a size or a SHA-256.
    """
    found: dict[str, Deb] = {}
    for stanza in re.split(r"\n[ \t]*\n", text):
        if stanza.strip():
            deb = _deb(stanza.strip("\n").splitlines())
            found.setdefault(deb.sha256, deb)
    return list(found.values())


def _deb(lines: list[str]) -> Deb:
    fields: dict[str, str] = {}
    kept, keeps = [], True
    for line in lines:
        if line[:1] not in (" ", "\t"):
            key, _, value = line.partition(":")
            keeps = key.lower() not in _OF_THE_FILE
            fields.setdefault(key.lower(), value.strip())
        if keeps:
            kept.append(line)
    name, size, sha256 = fields.get("package", ""), fields.get("size", ""), fields.get("sha256", "")
    version = fields.get("version", "")
    well = _NAME.fullmatch(name) and _SHA256.fullmatch(sha256) and size.isascii() and size.isdigit()
    if not well or not version or len(size) > 15:
        raise ValueError(f"a package without name, version, size or SHA-256: {lines[0][:200]!r}")
    depends = ", ".join(fields.get(key, "") for key in ("pre-depends", "depends"))
    return Deb(
        *(name, version, fields.get("architecture", ""), sha256, int(size)),
        *(depends, fields.get("section", ""), tuple(kept)),
    )


def text(debs: Iterable[Deb]) -> str:
    """``Packages``, in one order whatever the order of these."""
    return "".join(
        "\n".join([*deb.lines, f"Filename: {deb.path}", "", ""])
        for deb in sorted(debs, key=lambda d: (d.name, version_key(d.version), d.arch, d.sha256))
    )


def release(at: str, suite: str, arch: str, packages: bytes, now: float) -> str:
    """The text that is signed (``Release``).

    Args:
        at: Its folder in the bundle: the name that apt expects where there are no suites.
        suite: What it is called: ``debian-12``.
        arch: dpkg's name of the architecture.
        packages: The bytes of ``Packages``.
        now: In seconds since 1970.
    """
    return (
        f"Origin: {LABEL}\nLabel: {LABEL}\nSuite: {suite}\nCodename: {at}/\n"
        f"Date: {formatdate(now, usegmt=True).replace('GMT', 'UTC')}\nArchitectures: {arch} all\n"
        f"SHA256:\n {digest(packages)} {len(packages)} {PACKAGES}\n"
    )


def digest(packages: bytes) -> str:
    """SHA-256 of a list of packages, as its release tells it."""
    return hashlib.sha256(packages).hexdigest()


def lacking(debs: Iterable[Deb], names: Iterable[str]) -> list[str]:
    """Those of these, ``name`` or ``name=version`` with patterns in it, that no package is."""
    by_name: dict[str, list[str]] = {}
    for deb in debs:
        by_name.setdefault(deb.name, []).append(deb.version)
    found = []
    for asked in names:
        name, _, version = asked.partition("=")
        there = by_name.get(name, [])
        if not any(fnmatch.fnmatchcase(one, version or "*") for one in there):
            found.append(asked)
    return found


def newest_kernels(debs: Iterable[Deb], metapackages: Iterable[str]) -> dict[str, str]:
    """Metapackage of headers to the kernel that it brings, with its image, where both are here."""
    known = {deb.name: deb for deb in sorted(debs, key=lambda d: version_key(d.version))}

    def on(name: str) -> set[str]:
        depends = known[name].depends if name in known else ""
        names = (word.split()[0] for word in depends.split(",") if word.strip())
        return {m[2] for one in names if one in known and (m := _ON.fullmatch(one))}

    found: dict[str, str] = {}
    for meta in metapackages:
        both = on(meta) & on(meta.replace("linux-headers-", "linux-image-", 1))
        if both:
            found[meta] = max(both, key=version_key)
    return found


def headers_of(debs: Iterable[Deb], kernels: Iterable[str]) -> Mapping[str, bool]:
    """Kernel to whether the package with its headers is here."""
    names = {deb.name for deb in debs}
    return {kernel: f"linux-headers-{kernel}" in names for kernel in kernels}
