"""Hash locks for what an image has beside PyTorch: JupyterLab, TensorBoard and what they need.

Such a lock holds only what a torch lock does not, resolved with that lock as a constraint, so that
both can be installed into one environment in either order.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stacks.catalog.read import FOLDER, Catalog
from stacks.locking import torch as lock
from stacks.model.requests import Stack
from stacks.rules.image import service_lock


@dataclass(frozen=True)
class Target:
    """One lock to make."""

    torch: lock.Target

    @property
    def name(self) -> str:
        """File name below ``stacks/locks/``."""
        return service_lock(self.torch.name)


def targets(wanted: Collection[lock.Target], catalog: Catalog) -> list[Target]:
    """The locks for images among these torch locks: of Pythons that a base image has."""
    pythons = {
        python for os in catalog.image.bases.rows for python in catalog.distributions[os].pythons
    }
    return [Target(torch) for torch in wanted if torch.python in pythons]


def make(target: Target, stack: Stack, catalog: Catalog, folder: Path = FOLDER / "locks") -> str:
    """The text of one lock, resolved now. Raises `lock.LockError`.

    The torch lock must be in ``folder``. Only the default index is asked: torch itself is no part
    of it.
    """
    path = folder / target.torch.name
    if not path.exists():
        raise lock.LockError(f"{target.name}: it belongs to {target.torch.name}, which is missing.")
    pins = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", path.read_text(), re.MULTILINE))
    facts = catalog.image.services
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{name}=={version}\n" for name, version in pins.items())
        file.flush()
        asked = [f"{name}=={version}" for name, version in facts.rows.items()]
        text = lock.compile_for(target.torch, asked, constraints=file.name)
    torch = target.torch
    return (
        f"# {', '.join(facts.rows)} beside torch {torch.version} {torch.variant}, Python "
        f"{torch.python}, {torch.arch}\n"
        "# source: package index, resolved with uv; confidence: primary-checked\n"
        f"# Made by `python -m stacks lock`; goes with {torch.name}; do not edit.\n"
    ) + without(text, pins)


def without(text: str, names: Collection[str]) -> str:
    """The text of a lock without the blocks of these packages."""
    known = {_canonical(name) for name in names}
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    return "".join(b for b in blocks if _canonical(b.split("==")[0]) not in known)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
