"""What speaks against a bundle before anything is fetched or read from it."""

from __future__ import annotations

import shutil
from pathlib import Path

from stacks.model.messages import Conflict
from tasks.bundle import host_work
from tasks.bundle.host_work import HostWork
from tasks.bundle.work import Work, lacking_wheels
from tasks.host.preflight import HEADROOM_MB
from tasks.offline.manifest import Manifest
from tasks.offline.shortage import DOCS
from tasks.offline.shortage import unreadable as unreadable


def named_by_digest(base: str) -> tuple[Conflict, ...]:
    """BUNDLE-BASE-DIGEST: a file that Docker loads gives a base its tag, and no digest."""
    if "@" not in base:
        return ()
    return (
        Conflict(
            "BUNDLE-BASE-DIGEST",
            f"the base {base} cannot come from a bundle",
            "an image that is loaded from a file has no digest of a registry, so Docker does not "
            "find it by one",
            (f"image_base: {base.split('@')[0]} (the bundle keeps that very base)",),
            "docker load",
        ),
    )


def not_fetched(error: Exception) -> Conflict:
    """BUNDLE-FETCH: a part of the bundle did not come."""
    return Conflict(
        "BUNDLE-FETCH",
        "a part of the bundle could not be fetched",
        str(error),
        ("run the same command again; it goes on where this one ended",),
        DOCS,
    )


def disk(work: Work, known: Manifest) -> tuple[Conflict, ...]:
    """DISK-SMALL for the controller; wheels have about six tenths of their unpacked size."""
    if not lacking_wheels(work.folder, known, work.asked):
        return ()
    there = sum(entry.size for entry in known.files.values()) // 2**20
    return _room(work.folder, max(work.plan.torch.disk_mb * 6 // 10 - there, 0), "wheels")


def room(work: HostWork, known: Manifest) -> tuple[Conflict, ...]:
    """DISK-SMALL for the controller, before packages, wheels and tarballs come for a host."""
    need = sum(deb.size for deb in host_work.lacking_debs(work, known)) // 2**20
    lacking = host_work.lacking_tarballs(work, known)
    sizes = {one.sha256: one.size or 0 for one in work.wanted.tarballs}
    need += sum(sizes[sha256] for sha256 in lacking) // 2**20
    if work.plan.torch and host_work.lacking_locks(work, known):
        there = sum(e.size for p, e in known.files.items() if p.endswith(".whl")) // 2**20
        need += max(work.plan.torch.disk_mb * 6 // 10 - there, 0)
    return _room(work.folder, need, "packages, wheels, tarballs") if need else ()


def _room(folder: Path, need: int, what: str) -> tuple[Conflict, ...]:
    place = next(p for p in (folder, *folder.absolute().parents) if p.is_dir())
    need += HEADROOM_MB
    free = shutil.disk_usage(place).free // 2**20
    if free >= need:
        return ()
    return (
        Conflict(
            "DISK-SMALL",
            f"the disk of {Path(place)} on this machine is too small",
            f"{free:,} MiB are free; needed are about {need:,} MiB for {what} and headroom",
            (f"free or add {need - free:,} MiB there, or name another folder: --data bundle=…",),
            "sizes: stacks/catalog",
        ),
    )
