"""A bundle for the image of `an_image`, of files that are small and whole."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from tasks.bundle import contents
from tasks.bundle.contents import DEBS, WHEELS
from tasks.offline import manifest
from tasks.offline.manifest import Base, Manifest
from tasks.recipe.recipe import Recipe, recipe_of
from tests.unit.tasks import an_image

LAYERS = ("sha256:ab",)
NEEDS, TORCH, SERVICES = ("nvidia-nccl-cu12", "numpy"), ("torch", "triton"), ("jupyterlab",)


def content(package: str) -> bytes:
    """What stands for this package's wheel."""
    return f"the wheel of {package}".encode()


def lock(packages: tuple[str, ...]) -> str:
    """A lock of these packages, with the hashes of `content`."""
    return "".join(
        f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(content(name)).hexdigest()}\n"
        for name in packages
    )


def recipe(*more: str) -> Recipe:
    """The image's recipe without a system CUDA; ``more`` packages are needed beside torch's."""
    plan = an_image.plan(cuda=None, cudnn=None)
    return recipe_of(plan, lock((*NEEDS, *more, *TORCH)), lock(SERVICES))


def put(folder: Path, path: str, data: bytes, owner: str) -> None:
    """One file more in the bundle."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)
    entry = manifest.entry_of(folder / path, owner)
    manifest.change(folder, lambda now: now.with_file(path, entry))


def made(folder: Path, recipe: Recipe) -> Path:
    """A bundle with all that this recipe fetches."""
    asked = contents.contents_for(recipe)
    for name, parts in asked.locks.items():
        for package in (*NEEDS, *TORCH) if "needs" in parts else SERVICES:
            file = f"{package.replace('-', '_')}-1.0-py3-none-any.whl"
            put(folder, f"{WHEELS}/{file}", content(package), name)
    key = asked.archive(LAYERS)
    put(folder, asked.base_file, b"a base", asked.base_key)
    put(folder, f"{DEBS}/{key}/Packages", b"Package: gcc\n", key)
    put(folder, f"{DEBS}/{key}/gcc_12.2.0-3_amd64.deb", b"a package", key)

    def complete(now: Manifest) -> Manifest:
        return dataclasses.replace(
            now,
            locks={name: contents.lock_digest(parts) for name, parts in asked.locks.items()},
            bases={asked.base_key: Base(asked.base_file, LAYERS)},
            archives={key: ("gcc",)},
        )

    manifest.change(folder, complete)
    return folder
