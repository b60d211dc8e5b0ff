"""The wheels of an image's locks, fetched here: uv names them, the lock checks them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stacks.locking import wheels as locked_wheels
from stacks.model.address import masked
from stacks.model.image import ImagePlan
from tasks.bundle import contents, manifest
from tasks.bundle.contents import WHEELS, Contents
from tasks.bundle.manifest import BundleError, Manifest
from tasks.host import resolution
from tasks.python import uv
from tasks.transfer.fetch import fetch

NEWEST_GLIBC = 40
"""uv knows platforms up to manylinux_2_40 (uv 0.13, ``--python-platform``)."""
UV_SECONDS = 600


def collect(
    folder: Path, plan: ImagePlan, asked: Contents, lock: str, say: Callable[[str], None]
) -> None:
    """Fetch the wheels of one lock that are not there, and write them into the manifest.

    Raises:
        BundleError: The index lacks one.
        TransferError: One cannot be fetched.
    """
    parts = asked.locks[lock]
    text = "".join(parts.values())
    addresses = _indexes(plan)
    pylock = _pylock(plan, text, addresses)
    sizes = locked_wheels.sizes(pylock)
    allowed = contents.hashes(text)
    known = manifest.read(folder)
    there = {e.sha256: p for p, e in known.files.items() if p.startswith(f"{WHEELS}/")}
    entries = {}
    for sha256, url in sorted(locked_wheels.offered(pylock).items()):
        if sha256 not in allowed:
            continue
        path = there.get(sha256, f"{WHEELS}/{unquote(urlsplit(url).path.rpartition('/')[2])}")
        if path not in known.files or manifest.fault(folder, path, known.files[path]):
            say(f"fetching {path}")
            size = sizes.get(sha256)
            fetch([url], sha256, folder / path, say, size=size, known=addresses.values())
        entries[path] = manifest.entry_of(folder / path, lock)

    def changed(now: Manifest) -> Manifest:
        for path, entry in entries.items():
            now = now.with_file(path, entry)
        return dataclasses.replace(now, locks={**now.locks, lock: contents.lock_digest(parts)})

    missing = asked.lacking_of_lock(lock, changed(known))
    if missing:
        raise BundleError(
            f"the package index gives no wheel for Python {plan.torch.python} on {plan.arch} with "
            f"a hash of the lock {lock}: {', '.join(missing)}. Name an index that has it: "
            "mirrors: {pypi: ...}"
        )
    manifest.change(folder, changed)


def _pylock(plan: ImagePlan, text: str, addresses: Mapping[str, str]) -> str:
    """The wheels that fit the image, as uv finds them for these pins (PEP 751)."""
    with tempfile.TemporaryDirectory() as place:
        pins, out = Path(place, "pins.txt"), Path(place, "pylock.toml")
        pins.write_text(text)
        command = [
            *(str(uv.local_binary(os.uname().machine)), "pip", "compile", str(pins)),
            *("--no-deps", "--no-header", "--quiet", locked_wheels.ONLY),
            *("--format=pylock.toml", f"--output-file={out}"),
            f"--python-version={plan.torch.python}",
            f"--python-platform={platform(plan)}",
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=UV_SECONDS,
                check=False,
                env={**os.environ, "UV_NO_PROGRESS": "1", **addresses},
            )
        except subprocess.TimeoutExpired:
            raise BundleError(f"uv did not answer within {UV_SECONDS} s") from None
        if done.returncode != 0:
            said = masked(done.stderr.strip())
            raise BundleError(f"the package index does not serve what the lock pins: {said}")
        return out.read_text()


def platform(plan: ImagePlan) -> str:
    """What uv calls the image's platform: by its C library, so that the build takes no other."""
    major, _, minor = resolution.catalog().distributions[plan.os].glibc.partition(".")
    return f"{plan.arch}-manylinux_{major}_{min(int(minor), NEWEST_GLIBC)}"


def _indexes(plan: ImagePlan) -> dict[str, str]:
    """Variables of uv that name the indexes of the host data; without any, uv's own settings."""
    torch = plan.torch
    found = {"UV_DEFAULT_INDEX": torch.default_index} if torch.default_index else {}
    if torch.index and torch.index != torch.default_index:
        found |= {"UV_INDEX": torch.index, "UV_INDEX_STRATEGY": "unsafe-best-match"}
    return {name: value for name, value in found.items() if value}
