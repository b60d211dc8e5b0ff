"""The wheels of an image's locks, fetched here: uv names them, the lock checks them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stacks.catalog.mirrors import FLAT
from stacks.locking import wheels as locked_wheels
from stacks.model.address import masked
from stacks.model.image import ImagePlan
from stacks.model.plan import Plan
from tasks.bundle import contents, licence
from tasks.bundle.contents import WHEELS
from tasks.host import resolution
from tasks.offline import manifest
from tasks.offline.manifest import BundleError, Manifest
from tasks.offline.wants import lacking_wheels
from tasks.python import uv
from tasks.transfer.fetch import fetch

NEWEST_GLIBC = 40
"""uv knows platforms up to manylinux_2_40 (uv 0.13, ``--python-platform``)."""
UV_SECONDS = 600


PYTHON = "3.11"
"""What uv is told where no plan names one: for wheels that every Python takes."""


def collect(
    folder: Path,
    plan: ImagePlan | Plan,
    lock: str,
    text: str,
    digest: str,
    say: Callable[[str], None],
) -> None:
    """Fetch the wheels of one lock that are not there, and write them into the manifest.

    Args:
        folder: The bundle's.
        plan: Says which platform, which Python and which index.
        lock: Its name in the manifest.
        text: What it pins.
        digest: SHA-256 that the manifest gets once all is there.
        say: Tells a person a line.

    Raises:
        BundleError: The index lacks one.
        TransferError: One cannot be fetched.
    """
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
        entry = manifest.entry_of(folder / path, lock)
        entries[path] = replace(
            entry, source=f"lock {lock}", licence=licence.of_wheel(folder / path)
        )

    def changed(now: Manifest) -> Manifest:
        for path, entry in entries.items():
            now = now.with_file(path, entry)
        return replace(now, locks={**now.locks, lock: digest})

    missing = lacking_wheels(text, lock, changed(known))
    if missing:
        raise BundleError(
            f"the package index gives no wheel for Python {_python(plan)} on {plan.arch} with "
            f"a hash of the lock {lock}: {', '.join(missing)}. Name an index that has it: "
            "mirrors: {pypi: ...}"
        )
    manifest.change(folder, changed)


def _python(plan: ImagePlan | Plan) -> str:
    return plan.torch.python if plan.torch else PYTHON


def _pylock(plan: ImagePlan | Plan, text: str, addresses: Mapping[str, str]) -> str:
    """The wheels that fit the image, as uv finds them for these pins (PEP 751)."""
    with tempfile.TemporaryDirectory() as place:
        pins, out = Path(place, "pins.txt"), Path(place, "pylock.toml")
        pins.write_text(text)
        command = [
            *(str(uv.local_binary(os.uname().machine)), "pip", "compile", str(pins)),
            *("--no-deps", "--no-header", "--quiet", locked_wheels.ONLY),
            *("--format=pylock.toml", f"--output-file={out}"),
            f"--python-version={_python(plan)}",
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


def platform(plan: ImagePlan | Plan) -> str:
    """What uv calls the image's platform: by its C library, so that the build takes no other."""
    major, _, minor = resolution.catalog().distributions[plan.os].glibc.partition(".")
    return f"{plan.arch}-manylinux_{major}_{min(int(minor), NEWEST_GLIBC)}"


def _indexes(plan: ImagePlan | Plan) -> dict[str, str]:
    """Variables of uv that name the indexes of the host data; without any, uv's own settings."""
    torch = plan.torch
    if torch is None:
        return {"UV_DEFAULT_INDEX": plan.cudnn.index} if plan.cudnn and plan.cudnn.index else {}
    found = {"UV_DEFAULT_INDEX": torch.default_index} if torch.default_index else {}
    if torch.index and torch.index.startswith(FLAT):
        found |= {"UV_FIND_LINKS": torch.index.removeprefix(FLAT) + "/"}
    elif torch.index and torch.index != torch.default_index:
        found |= {"UV_INDEX": torch.index, "UV_INDEX_STRATEGY": "unsafe-best-match"}
    return {name: value for name, value in found.items() if value}
