"""Kernels of the Red Hat family by name, and headers for them by which DKMS really builds.

The headers are those of Debian's kernel in the root, with the other release's name written where
modules take it from.
"""

import hashlib
import shutil
from pathlib import Path

from sandbox.checkout import CACHE, SandboxError
from sandbox.doubles.deb import File
from sandbox.doubles.rpm import Rpm

_SAYS_RELEASE = (
    ".kernelvariables",
    "include/generated/utsrelease.h",
    "include/config/kernel.release",
)


def kernel(release: str, arch: str = "x86_64") -> list[Rpm]:
    """``kernel``, ``kernel-core`` and ``kernel-modules`` of one release, such as
    ``5.14.0-427.13.1.el9_4``: an image and a modules folder that nothing can boot.
    """
    version, number = release.split("-", 1)
    full = f"{release}.{arch}"
    folder = f"/usr/lib/modules/{full}"
    text = "Simulated by gpuwright's sandbox: not a kernel.\n"
    core = {
        f"/boot/vmlinuz-{full}": File(text),
        f"{folder}/vmlinuz": File(text),
        f"{folder}/modules.builtin": File(),
        f"{folder}/modules.order": File(),
        f"{folder}/build": File(link=f"/usr/src/kernels/{full}"),
    }
    same = f" = {version}-{number}"
    return [
        Rpm(
            "kernel-core",
            version,
            number,
            tags={"Provides": (f"kernel-core-uname-r = {full}", "installonlypkg(kernel)")},
            files=core,
        ),
        Rpm(
            "kernel-modules",
            version,
            number,
            tags={
                "Requires": (f"kernel-core{same}",),
                "Provides": ("installonlypkg(kernel-module)",),
            },
        ),
        Rpm(
            "kernel",
            version,
            number,
            tags={"Requires": (f"kernel-core{same}", f"kernel-modules{same}")},
        ),
    ]


def devel(release: str, root: Path, arch: str = "x86_64") -> Rpm:
    """``kernel-devel`` of one release, out of the headers in the Debian tree `root`."""
    version, number = release.split("-", 1)
    full = f"{release}.{arch}"
    tree = _headers(full, root)
    return Rpm(
        "kernel-devel",
        version,
        number,
        tags={"Provides": (f"kernel-devel-uname-r = {full}", "installonlypkg(kernel)")},
        files={f"/usr/src/kernels/{full}": File(source=str(tree), digest=tree.parent.name)},
    )


def _headers(release: str, root: Path) -> Path:
    """A copy of Debian's headers that calls itself `release`."""
    found = sorted((root / "usr/src").glob("linux-headers-*-amd64"))
    if not found:
        raise SandboxError(f"There are no kernel headers in {root}.")
    debian = found[-1]
    old = debian.name.removeprefix("linux-headers-")
    digest = hashlib.sha256(f"{old} {release} 1".encode()).hexdigest()[:16]
    target = CACHE / "kernel-headers" / digest / release
    if target.is_dir():
        return target
    part = target.with_name(f"{release}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(debian, part, symlinks=True)
    for name in _SAYS_RELEASE:
        file = part / name
        file.write_text(file.read_text().replace(old, release))
    for link in (p for p in part.rglob("*") if p.is_symlink()):
        goal = link.readlink()
        if not goal.is_absolute() and ".." in goal.parts:
            # Relative to Debian's place; /usr/src/kernels is one folder deeper.
            inside = (debian / link.relative_to(part)).parent / goal
            link.unlink()
            link.symlink_to("/" + str(inside.resolve().relative_to(root.resolve())))
    part.replace(target)
    return target
