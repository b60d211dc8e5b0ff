"""Hash locks: every package of the managed venv, pinned, with the SHA-256 of its files.

A lock is made with uv against the package index of the machine's own configuration and holds no
address. One lock serves one PyTorch version, build, Python and architecture, whatever the stack.
"""

from __future__ import annotations

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
from stacks.rules.torch import lock_file

UV_SECONDS = 600
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
    companions: tuple[str, ...]

    @property
    def name(self) -> str:
        """File name below ``stacks/locks/``."""
        return lock_file(self.version, self.variant, self.python, self.arch, self.companions)


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
    return [
        Target(request.version, build, python, arch, request.companions)
        for build in builds
        for python in wanted
        if arch in release.variants[build].sm
    ]


def make(target: Target, stack: Stack, catalog: Catalog, index: str | None = None) -> str:
    """The text of one lock, resolved now.

    ``index`` is the address of PyTorch's own index or a mirror of it; it is asked only for a build
    that the default index does not serve. Where it cannot be reached and the catalogue has the
    wheel's digest, the lock is made from the catalogue's pins and says ``confidence: secondary``.
    Raises `LockError` with uv's own words.
    """
    release = _release(stack, catalog)
    extras = {**catalog.pytorch.always.rows, **release.extras}
    asked = [f"{name}{specifier}" for name, specifier in extras.items()]
    companions = [f"{n}=={release.versions[target.version][n]}" for n in target.companions]
    if release.default_index.get(target.arch) == target.variant:
        text = compile_for(target, [f"torch=={target.version}", *companions, *asked])
        return header(target, "package index, resolved with uv", "primary-checked") + text
    base = index or catalog.pytorch.indexes.rows["pytorch"]
    local = [f"{pin}+{target.variant}" for pin in (f"torch=={target.version}", *companions)]
    try:
        text = compile_for(target, [*local, *asked], f"{base.rstrip('/')}/{target.variant}")
        return header(target, "PyTorch's own index, resolved with uv", "primary-checked") + text
    except LockError:
        text = "" if companions else _from_catalog(target, catalog, asked)
        if not text:
            raise
        return header(target, catalog.pytorch.wheels.source, "secondary") + text


def _from_catalog(target: Target, catalog: Catalog, asked: list[str]) -> str:
    """A lock from the catalogue's digest and pins, or nothing where it has none."""
    known = catalog.pytorch.wheels
    tag = f"{target.variant}-cp{target.python.replace('.', '')}-{target.arch}"
    digest = known.rows.get(f"torch-{target.version}+{tag}")
    release = catalog.pytorch.releases[minor(target.version)]
    pins = release.variants[target.variant].pins
    triton = known.triton.get(target.version)
    if digest is None or not pins or triton is None:
        return ""
    needs = [f"{name}=={version}" for name, version in pins.items()]
    rest = compile_for(target, [*needs, *known.common, f"triton=={triton}", *asked])
    return rest + one_wheel(target, digest, f"+{target.variant}", PLATFORM)


def one_wheel(target: Target, digest: str, local: str, platform: str) -> str:
    """The lines that pin torch by the digest of its one wheel, which no index tells here.

    Args:
        target: The lock.
        digest: The wheel's SHA-256, as the catalogue has it from those who name the wheel.
        local: Its local version: ``+cu126``, or nothing.
        platform: The first part of its platform tag: ``manylinux_2_28``.
    """
    python = f"cp{target.python.replace('.', '')}"
    file = f"torch-{target.version}{local}-{python}-{python}-{platform}_{target.arch}.whl"
    return f"torch=={target.version}{local} \\\n" + wheels.entry([digest], {digest: file})


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
    unknown = [name for name in request.companions if name not in release.versions[request.version]]
    if unknown:
        raise TargetError(
            f"No version of {', '.join(unknown)} is known for PyTorch {request.version}."
        )
    return release
