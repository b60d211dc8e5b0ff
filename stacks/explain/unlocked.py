"""For which Pythons a stack has no lock, and the file whose digest is missing for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stacks.catalog.read import Catalog
from stacks.catalog.software import Release
from stacks.model.requests import Stack, TorchRequest
from stacks.model.versions import minor
from stacks.rules import torch_files


@dataclass(frozen=True)
class Unlocked:
    """A Python for which no build of a stack's PyTorch is locked."""

    version: str
    """Of PyTorch: ``2.9.1``."""
    arch: str
    python: str
    file: str
    """The wheel whose digest would make a lock; empty: it is known, and a lock can be made."""

    @property
    def line(self) -> str:
        """In words."""
        wheel = self.file or "no lock was made yet"
        return f"torch {self.version}, Python {self.python}, {self.arch}: {wheel}"


def unlocked(stack: Stack, catalog: Catalog) -> list[Unlocked]:
    """What hosts may ask of this stack and get LOCK-MISSING for. Empty without a known PyTorch."""
    request = stack.torch
    release = catalog.pytorch.releases.get(minor(request.version)) if request else None
    if request is None or release is None or request.version not in release.versions:
        return []
    arches = sorted({arch for row in release.variants.values() for arch in row.sm}, reverse=True)
    return [
        Unlocked(request.version, arch, python, _file(catalog, request, builds, python, arch))
        for arch in arches
        for python in release.pythons
        if (builds := [*_builds(request, release, arch)])
        and not any(
            torch_files.lock_file(request.version, build, python, arch) in catalog.locks
            for build in builds
        )
    ]


def _builds(request: TorchRequest, release: Release, arch: str) -> Iterator[str]:
    for name, variant in release.variants.items():
        if request.variant in (None, name) and arch in variant.sm:
            yield name


def _file(
    catalog: Catalog, request: TorchRequest, builds: list[str], python: str, arch: str
) -> str:
    """The file that is nearest to being known: one that a public place names at all."""
    version = request.version
    files = [torch_files.missing(catalog, "torch", version, b, python, arch) for b in builds]
    lacking = [file for file in files if file]
    if len(lacking) < len(files):
        return ""
    return next((file for file in lacking if file in catalog.pytorch.wheels.rows), lacking[0])
