"""What speaks against a bundle before anything is fetched or read from it."""

from __future__ import annotations

import shutil
from pathlib import Path

from stacks.model.messages import Conflict
from tasks.bundle.manifest import BundleError, Manifest
from tasks.bundle.work import Work, lacking_wheels
from tasks.host.preflight import HEADROOM_MB


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


def unreadable(error: BundleError) -> Conflict:
    """BUNDLE-FOLDER: the folder is none of a bundle."""
    return Conflict(
        "BUNDLE-FOLDER",
        "the bundle's folder cannot be used",
        str(error),
        ("name another folder: --data bundle=FOLDER",),
        "docs/image.md",
    )


def not_fetched(error: Exception) -> Conflict:
    """BUNDLE-FETCH: a part of the bundle did not come."""
    return Conflict(
        "BUNDLE-FETCH",
        "a part of the bundle could not be fetched",
        str(error),
        ("run the same command again; it goes on where this one ended",),
        "docs/image.md",
    )


def disk(work: Work, known: Manifest) -> tuple[Conflict, ...]:
    """DISK-SMALL for the controller; wheels have about six tenths of their unpacked size."""
    if not lacking_wheels(work.folder, known, work.asked):
        return ()
    place = next(p for p in (work.folder, *work.folder.absolute().parents) if p.is_dir())
    there = sum(entry.size for entry in known.files.values()) // 2**20
    need = max(work.plan.torch.disk_mb * 6 // 10 - there, 0) + HEADROOM_MB
    free = shutil.disk_usage(place).free // 2**20
    if free >= need:
        return ()
    return (
        Conflict(
            "DISK-SMALL",
            f"the disk of {Path(place)} on this machine is too small",
            f"{free:,} MiB are free; needed are about {need:,} MiB for wheels and headroom",
            (f"free or add {need - free:,} MiB there, or name another folder: --data bundle=…",),
            "sizes: stacks/catalog",
        ),
    )
