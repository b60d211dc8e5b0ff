"""What one host is asked about for a bundle of hosts, and what the bundle's folder then lacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stacks.model.plan import Plan
from tasks.offline import index, manifest, wants
from tasks.offline.index import Deb
from tasks.offline.manifest import Manifest
from tasks.offline.wants import KEY, LINKS, SIGNED, WHEELS, Wants


@dataclass(frozen=True)
class HostWork:
    """One host's plan, and the folder on the controller."""

    host: str
    folder: Path
    plan: Plan
    wanted: Wants
    debs: tuple[Deb, ...] = field(repr=False)
    """What its apt takes for that, with all that it depends on."""
    addresses: dict[str, str] = field(repr=False)
    """SHA-256 to where a package's file lies."""
    arch: str
    """dpkg's name of the architecture."""


def lacking_debs(work: HostWork, known: Manifest) -> list[Deb]:
    """Packages that are not there whole."""
    release = work.wanted.release
    return [d for d in work.debs if not _is_whole(work.folder, known, d.path, release)]


def lacking_locks(work: HostWork, known: Manifest) -> list[str]:
    """Names of the locks of which not all wheels are there whole."""
    return [
        name
        for name, text in work.wanted.locks.items()
        if known.locks.get(name) != wants.lock_digest(text)
        or wants.lacking_wheels(text, name, known)
        or any(manifest.fault(work.folder, p, e) for p, e in known.of(name, f"{WHEELS}/").items())
    ]


def lacking_tarballs(work: HostWork, known: Manifest) -> list[str]:
    """SHA-256 of the tarballs that are not there whole."""
    return [
        one.sha256
        for one in work.wanted.tarballs
        if not _is_whole(work.folder, known, wants.tarball_file(one.sha256))
    ]


def packages_text(work: HostWork, known: Manifest) -> str:
    """``Packages`` of the release: what other hosts of it took stays, as long as it is there."""
    release = work.wanted.release
    files = known.of(release)
    there: list[Deb] = []
    if release in known.releases:
        file = work.folder / known.releases[release].index / index.PACKAGES
        try:
            there = index.read(file.read_text())
        except (OSError, ValueError):
            there = []  # it is written again from what this host takes
    return index.text({d.sha256: d for d in (*there, *work.debs) if d.path in files}.values())


def links_text(known: Manifest) -> str:
    """A page of all wheels, for who reads the bundle by an address."""
    names = sorted(p.removeprefix(f"{WHEELS}/") for p in known.files if p.endswith(".whl"))
    links = "".join(
        f'<a href="{n}#sha256={known.files[f"{WHEELS}/{n}"].sha256}">{n}</a>\n' for n in names
    )
    return f"<!DOCTYPE html>\n<title>wheels</title>\n{links}"


def is_due(work: HostWork, known: Manifest) -> bool:
    """Whether the repository or the page of wheels is still to be written."""
    folder = wants.index_of(work.wanted.release)
    there = known.releases.get(work.wanted.release)
    if there is None or work.host not in there.hosts:
        return True
    names = (KEY, LINKS, f"{folder}/{index.PACKAGES}", f"{folder}/{SIGNED}")
    if not all(_is_whole(work.folder, known, name) for name in names):
        return True
    try:
        packages = (work.folder / folder / index.PACKAGES).read_text()
        links = (work.folder / LINKS).read_text()
    except (OSError, ValueError):
        return True
    return packages != packages_text(work, known) or links != links_text(known)


def _is_whole(folder: Path, known: Manifest, path: str, owner: str = "") -> bool:
    entry = known.files.get(path)
    if entry is None or (owner and owner not in entry.of):
        return False
    return not manifest.fault(folder, path, entry)
