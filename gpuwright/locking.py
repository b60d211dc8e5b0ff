"""The lock of a team's repository: versions and sha256 of gpuwright and all it needs.

It names files and digests, and no address: where packages come from is pip's own setting.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stacks.locking import wheels

REQUESTS = "requirements.in"
LOCK = "requirements.lock"
WHEELS = "wheels"
"""The repository's folder for wheels that no index has."""
OLDEST = "3.10"
"""The oldest Python that the lock serves, as in pyproject.toml."""
SECONDS = 600


def own_wheel() -> Path | None:
    """The wheel that this gpuwright was installed from, where it is still there (PEP 610)."""
    try:
        said = importlib.metadata.distribution("gpuwright").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    url = urlsplit(json.loads(said).get("url", "")) if said else None
    if url is None or url.scheme != "file" or not url.path.endswith(".whl"):
        return None
    path = Path(unquote(url.path))
    return path if path.is_file() else None


def places(folder: Path, more: Sequence[str] = ()) -> list[str]:
    """Folders with wheels beside the index: the repository's own, and those that are named."""
    return [str(folder / WHEELS)] * (folder / WHEELS).is_dir() + [*more]


def locked(folder: Path, found_in: Sequence[str] = ()) -> str:
    """The text of the lock of what the folder's ``requirements.in`` asks for, resolved now.

    Args:
        folder: The repository.
        found_in: Folders with wheels beside the index.

    Raises:
        wheels.LockError: It cannot be resolved, in uv's own words.
        subprocess.TimeoutExpired: uv did not answer.
    """
    if not (folder / REQUESTS).is_file():
        raise wheels.LockError(f"{folder / REQUESTS} is missing: gpuwright init writes it")
    # uv looks for a Python of that version otherwise, which takes seconds and changes nothing.
    target = ["--universal", f"--python-version={OLDEST}", f"--python={sys.executable}"]
    target += ["--no-annotate"]
    target += [f"--find-links={Path(place).resolve()}" for place in found_in]
    words = [REQUESTS, *target, "--generate-hashes", "--no-emit-index-url"]
    text = wheels.compiled(words, SECONDS, folder=folder)
    here = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.name
        for place in found_in
        for path in sorted(Path(place).glob("*.whl"))
    }
    made = wheels.pinned(text, {**wheels.named(text, target, SECONDS), **here})
    if "://" in made:
        raise wheels.LockError("the lock would hold an address; requirements.in may name none")
    return f"# Made by `gpuwright lock` from {REQUESTS}; do not edit.\n{made}"


def write(folder: Path, found_in: Sequence[str] = ()) -> bool:
    """Write the lock; say whether it changed. Raises what `locked` raises, and `OSError`."""
    try:
        text = locked(folder, found_in)
    except subprocess.TimeoutExpired as error:
        raise wheels.LockError(f"uv gave no answer within {SECONDS} s") from error
    path = folder / LOCK
    if path.exists() and path.read_text("utf-8") == text:
        return False
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return True
