"""Root images, one per distribution, built once and shared by all hosts."""

import hashlib
import json
import sys
from pathlib import Path

from sandbox.checkout import ROOTS, SandboxError, lock
from sandbox.commands import run
from sandbox.doubles import kernels, rocky
from sandbox.doubles.jetson import jetpack, jetpacks
from sandbox.doubles.ubuntu import ubuntu as ubuntu_release
from sandbox.local import mounts
from sandbox.local.sources import debian_archive
from sandbox.roots import debian, jetson, ubuntu
from sandbox.roots.recipes import check_name, recipe, recipes


def root(os_name: str, proxy: str | None = None) -> Path:
    """The folder of `os_name`'s root image, built now (about a minute) if it is not there.

    `proxy` is the address of an apt proxy for the build.

    Raises:
        SandboxError: if `os_name` is unknown or the build fails.

    """
    check_name(os_name)
    return _root(os_name, proxy)


def image_root(os_name: str, proxy: str | None = None) -> Path:
    """A folder with no more than a container image of Debian has: `os_name`'s essential packages.

    Raises:
        SandboxError: if there is none of `os_name`, or the build fails.

    """
    if (name := f"image-{os_name}") not in recipes():
        raise SandboxError(f"No base image of {os_name}: there are debian-12 and debian-13.")
    return _root(name, proxy)


def box_root(os_name: str, proxy: str | None = None) -> Path:
    """The folder that a Vagrant box of `os_name` is made from.

    Raises:
        SandboxError: if there is none of `os_name`, or the build fails.

    """
    if (name := f"box-{os_name}") not in recipes():
        raise SandboxError(f"No box of {os_name} can be built here: there is debian-12.")
    return _root(name, proxy)


def _root(os_name: str, proxy: str | None) -> Path:
    if "base" in recipes()[os_name]:
        return _derived(os_name, proxy)
    wanted = recipe(recipes()[os_name])
    archive = debian_archive()
    digest = hashlib.sha256(json.dumps([wanted, vars(archive)]).encode()).hexdigest()[:10]
    target = ROOTS / f"{os_name}-{digest}"
    if target.is_dir():
        return target
    with lock(f"root-{os_name}", ROOTS):
        if not target.is_dir():
            debian.build(target, wanted, archive, proxy)
    return target


def _derived(os_name: str, proxy: str | None) -> Path:
    """The root of a distribution that is presented on another one's root."""
    base = _root(recipes()[os_name]["base"], proxy)
    if os_name.startswith("rocky-"):
        return _rocky(os_name, base)
    if os_name in jetpacks():
        return _jetson(os_name, base)
    release = ubuntu_release(os_name)
    parts = json.dumps([base.name, *ubuntu.digest_parts(release)])
    target = ROOTS / f"{os_name}-{hashlib.sha256(parts.encode()).hexdigest()[:10]}"
    with lock(f"root-{os_name}", ROOTS):
        # A root that is here may have outlived what was published.
        release.publish(kernels.debian_headers(base, proxy))
        if not target.is_dir():
            print(f"sandbox: building {target.name}, once, half a minute", file=sys.stderr)
            part = target.with_name(f"{target.name}.part")
            mounts.remove(part)
            ubuntu.make(release, base, part, proxy)
            part.rename(target)
    return target


def _rocky(os_name: str, base: Path) -> Path:
    digest = hashlib.sha256(f"{base.name} {rocky.digest()}".encode()).hexdigest()[:10]
    target = ROOTS / f"{os_name}-{digest}"
    with lock(f"root-{os_name}", ROOTS):
        if not target.is_dir():
            print(f"sandbox: building {target.name}, once, some seconds", file=sys.stderr)
            part = target.with_name(f"{target.name}.part")
            mounts.remove(part)
            run("cp", "-a", "--reflink=auto", str(base), str(part))
            rocky.present(part, os_name)
            part.rename(target)
    return target


def _jetson(os_name: str, base: Path) -> Path:
    board = jetpack(os_name)
    target = ROOTS / f"{os_name}-{base.name[-10:]}-{jetson.digest(board)}"
    with lock(f"root-{os_name}", ROOTS):
        board.publish()
        if not target.is_dir():
            part = target.with_name(f"{target.name}.part")
            mounts.remove(part)
            jetson.make(board, base, part)
            part.rename(target)
    return target
