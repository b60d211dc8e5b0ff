"""One reproducible archive of gpuwright: what a host needs to run the deploys itself. Pure."""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("deploys", "facts", "image", "stacks", "tasks")
FILES = ("config.py", "inventories/here.py", "LICENSE", "pyproject.toml")
LOCK = "requirements.lock"
SKIPPED = ("__pycache__", ".mypy_cache", ".ruff_cache")
MEMBER_MODE = 0o644
_BLOCK = re.compile(r"(?m)^[A-Za-z0-9._-]+==.*\n(?:[ \t]+.*\n)*")
_PROJECT = "gpuwright (pyproject.toml)"


@dataclass(frozen=True)
class Archive:
    """An archive as it is fetched."""

    body: bytes

    @property
    def sha256(self) -> str:
        """Its digest, in hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


def made(checkout: Path, wanted: Iterable[str]) -> Archive:
    """The archive of a checkout: the same bytes for the same files, whenever and wherever.

    Names are sorted; times, owners and rights are none of the files' own.

    Args:
        checkout: Its folder.
        wanted: Distributions of the lock that a host needs, with what these need.

    Raises:
        ValueError: A file is missing, or a name leads elsewhere (a symbolic link).
        OSError: A file cannot be read.
    """
    lock = runtime_lock((checkout / LOCK).read_text(encoding="utf-8"), wanted)
    bodies = {LOCK: lock.encode()}
    for path in _files(checkout):
        name = path.relative_to(checkout).as_posix()
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{name} is no plain file; an archive holds nothing else")
        bodies[name] = path.read_bytes()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in sorted(bodies.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(body), MEMBER_MODE
            archive.addfile(member, io.BytesIO(body))
    # One check and one preset: the bytes are those of liblzma alone.
    return Archive(lzma.compress(raw.getvalue(), check=lzma.CHECK_CRC64, preset=9))


def _files(checkout: Path) -> list[Path]:
    found = [checkout / name for name in FILES]
    for room in ROOMS:
        found += [
            path
            for path in sorted((checkout / room).rglob("*"))
            if (path.is_symlink() or not path.is_dir())
            and not any(part in SKIPPED for part in path.parts)
            and path.suffix != ".pyc"
        ]
    return found


def runtime_lock(lock: str, wanted: Iterable[str]) -> str:
    """The part of a lock with these distributions and all that they need, as ``# via`` tells.

    Args:
        lock: Text of ``requirements.lock``, as uv writes it.
        wanted: Names that the project asks for.

    Raises:
        ValueError: The lock has no block of such a name, or not one word of who asks for what.
    """
    blocks = _BLOCK.findall(lock)
    asked_by: dict[str, set[str]] = {}
    for block in blocks:
        asked_by.setdefault(_name(block), set()).update(_via(block))
    needed = {name.lower() for name in wanted}
    if missing := sorted(needed - asked_by.keys()):
        raise ValueError(f"{LOCK} has no line for {', '.join(missing)}: make lock")
    if not all(asked_by.values()):
        raise ValueError(f"{LOCK} does not say who asks for what (# via): make lock")
    size = 0
    while size != len(needed):
        size = len(needed)
        needed |= {name for name, askers in asked_by.items() if askers & needed}
    return "".join(block for block in blocks if _name(block) in needed)


def project_needs(pyproject: str, without: Iterable[str] = ("httpx",)) -> tuple[str, ...]:
    """Names of the project's own dependencies, without what only bundles and the sandbox use.

    Raises:
        ValueError: The list is not there.
    """
    listed = re.search(r"(?ms)^dependencies = \[\n(.*?)^\]", pyproject)
    if listed is None:
        raise ValueError("pyproject.toml has no list of dependencies")
    names = re.findall(r'(?m)^ *"([A-Za-z0-9._-]+)', listed[1])
    return tuple(name for name in names if name not in tuple(without))


def _name(block: str) -> str:
    return block.partition("==")[0].lower()


def _via(block: str) -> set[str]:
    """Who asks for it; a lock names one beside ``# via``, several below it."""
    said = re.findall(r"(?m)^ +# via(?: (.+))?\n((?: +#   .+\n)*)", block)
    return {
        name.strip().lower()
        for one, more in said
        for name in [one, *re.findall(r"#   (.+)", more)]
        if name.strip() and name.strip() != _PROJECT
    } | {"the project" for one, more in said if _PROJECT in one + more}
