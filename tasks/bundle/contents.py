"""What a bundle must hold for one image: locks, a base, an archive, tarballs. Pure.

Who collects a bundle and who builds from one both ask here, so they mean the same files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from stacks.model.plan import Download
from tasks.offline.manifest import Entry, Manifest
from tasks.offline.wants import TARBALLS as TARBALLS
from tasks.offline.wants import WHEELS as WHEELS
from tasks.offline.wants import hashes as hashes
from tasks.offline.wants import lacking_wheels
from tasks.offline.wants import tarball_file as tarball_of
from tasks.recipe import inputs
from tasks.recipe.recipe import Recipe

DEBS, BASES = "debs", "bases"
"""Folders of a bundle, beside those of hosts."""


@dataclass(frozen=True)
class Contents:
    """What one image needs of a bundle."""

    base: str
    """Reference of the base image."""
    arch: str
    locks: Mapping[str, Mapping[str, str]]
    """Name of a lock to the steps that read from it, each with its part."""
    asks: Mapping[str, inputs.Ask]
    tarballs: Mapping[str, tuple[Download, ...]]

    @property
    def base_key(self) -> str:
        """How the manifest names the base."""
        return f"{self.base} {self.arch}"

    @property
    def base_file(self) -> str:
        """Its path in the bundle."""
        name = re.sub(r"[^A-Za-z0-9.]+", "-", self.base).strip("-.")
        return f"{BASES}/{name}-{self.arch}.tar.gz"

    def archive(self, layers: tuple[str, ...]) -> str:
        """Name (12 hex digits) of the folder with the packages that this base needs."""
        body = [layers, self.arch, [(a.components, a.names) for a in self.asks.values()]]
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:12]

    def lacking_of_lock(self, name: str, manifest: Manifest) -> list[str]:
        """Packages of a lock of which the manifest has no wheel: ``torch==2.9.1``."""
        return lacking_wheels("".join(self.locks[name].values()), name, manifest)


def contents_for(recipe: Recipe) -> Contents:
    """What this recipe's build would fetch."""
    plan = recipe.plan
    steps = inputs.wheels(plan, recipe.files)
    locks: dict[str, dict[str, str]] = {
        plan.torch.lock: {name: steps[name] for name in ("needs", "torch")},
        plan.service.lock: {"services": steps["services"]},
    }
    if "cudnn" in steps:
        assert plan.cudnn is not None
        locks[f"cudnn-{plan.cudnn.version}"] = {"cudnn": steps["cudnn"]}
    return Contents(plan.base, plan.arch, locks, inputs.asks(plan), inputs.tarballs(plan))


def lock_digest(parts: Mapping[str, str]) -> str:
    """SHA-256 (64 hex digits) of what a lock pins, whatever its comments say."""
    return hashlib.sha256("".join(parts.values()).encode()).hexdigest()


def wheels_of(requirement: str, lock: str, manifest: Manifest) -> dict[str, Entry]:
    """Wheels in the bundle that one package's lines in a lock allow."""
    allowed = hashes(requirement)
    return {
        path: entry
        for path, entry in manifest.of(lock, f"{WHEELS}/").items()
        if entry.sha256 in allowed
    }


def tarball_file(download: Download) -> str:
    """A tarball's path in the bundle; the build finds it by its digest."""
    return tarball_of(download.sha256)
