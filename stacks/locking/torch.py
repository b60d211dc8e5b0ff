"""Hash locks: every package of the managed venv, pinned, with the SHA-256 of its files.

A lock is made with uv against the package index of the machine's own configuration and holds no
address. One lock serves one PyTorch version, build, Python and architecture, whatever the stack.
"""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stacks.catalog.read import FOLDER, Catalog
from stacks.catalog.software import Release
from stacks.locking import wheels
from stacks.locking.wheels import LockError
from stacks.model.requests import Stack
from stacks.model.versions import minor
from stacks.rules import torch_files

UV_SECONDS = 600
_NO_SOLUTION = "No solution found"
"""How uv 0.13 begins where an index answers and lacks something."""
PLATFORM = "manylinux_2_28"
"""Of the oldest C library that is served; a wheel for it serves every newer one (PEP 600)."""


class TargetError(LockError):
    """There is no such lock to make: the request is at fault, not the network."""


class Named(Protocol):
    """A lock to make, of whatever kind."""

    @property
    def name(self) -> str:
        """File name below ``stacks/locks/``."""


@dataclass(frozen=True)
class Target:
    """One lock to make."""

    version: str
    variant: str
    python: str
    arch: str

    @property
    def name(self) -> str:
        """File name below ``stacks/locks/``."""
        return torch_files.lock_file(self.version, self.variant, self.python, self.arch)


def targets(
    stack: Stack,
    catalog: Catalog,
    variants: tuple[str, ...] = (),
    pythons: tuple[str, ...] = (),
    arch: str = "x86_64",
) -> list[Target]:
    """The locks that a stack can need: all its builds and Pythons where nothing is chosen."""
    request = stack.torch
    if request is None:
        raise TargetError(f"The stack {stack.name} has no PyTorch: there is nothing to lock.")
    release = _release(stack, catalog)
    builds = variants or ((request.variant,) if request.variant else tuple(release.variants))
    wanted = pythons or ((request.python,) if request.python else release.pythons)
    for build in builds:
        if build not in release.variants:
            raise TargetError(
                f"PyTorch {request.version} has no {build} build. Known: "
                f"{', '.join(release.variants)}."
            )
    for python in wanted:
        if python not in release.pythons:
            raise TargetError(
                f"PyTorch {request.version} is not built for Python {python}. Known: "
                f"{', '.join(release.pythons)}."
            )
    arches = {known for build in builds for known in release.variants[build].sm}
    if arch not in arches:
        raise TargetError(
            f"PyTorch {request.version} as {', '.join(builds)} is not built for {arch}. Known: "
            f"{', '.join(sorted(arches))}."
        )
    return [
        Target(request.version, build, python, arch)
        for build in builds
        for python in wanted
        if arch in release.variants[build].sm
    ]


def make(target: Target, stack: Stack, catalog: Catalog, index: str | None = None) -> str:
    """The text of one lock, resolved now.

    ``index`` is the address of PyTorch's own index or a mirror of it; it is asked only for a build
    that the default index does not serve. Where it cannot be reached and the catalogue has the
    wheel's digest, the lock is made from the catalogue's pins and says ``confidence: secondary``.
    Companions that can be had are locked with it. Raises `LockError`: the file whose digest is
    missing, or uv's own words.
    """
    release = _release(stack, catalog)
    extras = {**catalog.pytorch.always.rows, **release.extras}
    asked = [f"{name}{specifier}" for name, specifier in extras.items()]
    if release.default_index.get(target.arch) == target.variant:
        text = _compile_with_companions(target, release, "", asked)
        return header(target, "package index, resolved with uv", "primary-checked") + text
    base = (index or catalog.pytorch.indexes.rows["pytorch"]).rstrip("/")
    local = f"+{target.variant}"
    try:
        text = _compile_with_companions(target, release, local, asked, f"{base}/{target.variant}")
        return header(target, "PyTorch's own index, resolved with uv", "primary-checked") + text
    except LockError as error:
        return _from_catalog(target, catalog, asked, error)


def _compile_with_companions(
    target: Target, release: Release, local: str, asked: list[str], index: str | None = None
) -> str:
    """The lock with the companions that the index has for this target.

    An index may lack one for a Python or an architecture; the lock is made without that one then.
    Raises `LockError` where it has no such torch.
    """
    pins = {"torch": target.version, **release.versions[target.version]}
    first, *others = [f"{name}=={version}{local}" for name, version in pins.items()]
    try:
        return compile_for(target, [first, *others, *asked], index)
    except LockError as error:
        if _NO_SOLUTION not in str(error):
            raise
        alone = compile_for(target, [first, *asked], index)
        for name in others:
            with contextlib.suppress(LockError):
                return compile_for(target, [first, name, *asked], index)
        return alone


def _from_catalog(target: Target, catalog: Catalog, asked: list[str], error: LockError) -> str:
    """A lock from the catalogue's digests and pins. Raises `LockError` where it lacks one."""
    known = catalog.pytorch.wheels
    where = (target.version, target.variant, target.python, target.arch)
    file = torch_files.missing(catalog, "torch", *where)
    if file:
        why = torch_files.why_missing(catalog, file)
        words = f"{target.name}: {why} PyTorch's own index can tell it, and was asked:\n{error}"
        raise LockError(words) from None
    release = catalog.pytorch.releases[minor(target.version)]
    pins = release.variants[target.variant].pins
    triton = known.triton.get(target.version)
    if not pins or triton is None:
        raise error
    beside = torch_files.companions(catalog, *where)
    needs = [f"{name}=={version}" for name, version in pins.items()]
    more = [need for name in beside for need in known.companions[name]]
    text = compile_for(target, [*needs, *known.common, f"triton=={triton}", *more, *asked])
    named: set[str] = set()
    for package in ("torch", *beside):
        name = torch_files.file_of(release, package, *where)
        row = known.rows[name]
        text += one_wheel(name, row.sha256)
        named.update(row.seen)
    source = f"package index; wheels of PyTorch's own as {', '.join(sorted(named))} name them"
    return header(target, source, "secondary") + text


def one_wheel(file: str, digest: str) -> str:
    """The lines that pin a package by the digest of its one wheel, which no index tells here.

    Args:
        file: The wheel's name.
        digest: Its SHA-256, as the catalogue has it from those who name the wheel.
    """
    package, pin, *_ = file.split("-")
    return f"{package}=={pin} \\\n" + wheels.entry([digest], {digest: file})


def compile_for(
    target: Target, asked: list[str], index: str | None = None, constraints: str = ""
) -> str:
    """What uv resolves for this target, with the hashes and names of the wheels that fit it.

    ``constraints`` is a file of pins that bind what is asked for by others. Raises `LockError` with
    uv's own words.
    """
    options = [
        f"--python-version={target.python}",
        f"--python-platform={target.arch}-{PLATFORM}",
        *([f"--index={index}"] if index else []),
    ]
    words = ["-", "--generate-hashes", "--no-emit-index-url", "--no-annotate", *options]
    if constraints:
        words.append(f"--constraints={constraints}")
    try:
        lock = wheels.compiled(words, UV_SECONDS, "\n".join(asked) + "\n")
        return wheels.pinned(lock, wheels.named(lock, options, UV_SECONDS))
    except subprocess.TimeoutExpired:
        raise LockError(f"{target.name}: uv did not answer within {UV_SECONDS} s.") from None
    except LockError as error:
        raise LockError(f"{target.name}: uv could not resolve it:\n{error}") from None


def header(target: Target, source: str, confidence: str, variant: str | None = None) -> str:
    """The comment on top of a lock."""
    build = variant or target.variant
    what = f"torch {target.version} {build}, Python {target.python}, {target.arch}"
    return (
        f"# {what}\n"
        f"# source: {source}; confidence: {confidence}\n"
        "# Made by `python -m stacks lock`; do not edit.\n"
    )


def write(target: Named, text: str, folder: Path = FOLDER / "locks") -> bool:
    """Write a lock; say whether it changed. A text with an address in it is refused."""
    if "://" in text:
        raise LockError(f"{target.name}: the text holds an address, which a lock must not.")
    path = folder / target.name
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return True


def _release(stack: Stack, catalog: Catalog) -> Release:
    request = stack.torch
    assert request is not None
    release = catalog.pytorch.releases.get(minor(request.version))
    if release is None or request.version not in release.versions:
        known = ", ".join(v for r in catalog.pytorch.releases.values() for v in r.versions)
        raise TargetError(f"PyTorch {request.version} is not in the catalogue. Known: {known}.")
    return release
