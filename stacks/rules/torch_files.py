"""Of which files a build of PyTorch is made, and of which of them a digest is known.

What the package index of the client's own configuration serves needs none of this: that index tells
the digests whenever a lock is made. PyTorch's own index does so too, where it can be reached; else
a digest counts that enough public places name alike (``wheels`` in ``catalog/pytorch.yaml``).
"""

from __future__ import annotations

import hashlib

from stacks.catalog.read import Catalog
from stacks.catalog.software import Release
from stacks.model.versions import minor


def lock_file(version: str, variant: str, interpreter: str, arch: str) -> str:
    """Name of the lock: ``torch-2.9.1-cu128-cp311-x86_64.txt``."""
    return f"torch-{version}-{variant}-{tag(interpreter)}-{arch}.txt"


def unlocked_digest(lock_name: str) -> str:
    """Names the venv folder where there is no lock: 12 hex digits over the lock's name."""
    return hashlib.sha256(lock_name.encode()).hexdigest()[:12]


def tag(interpreter: str) -> str:
    """``cp311`` of ``3.11``: a wheel's tag of the interpreter (PEP 425)."""
    return f"cp{interpreter.replace('.', '')}"


def wheel(package: str, pin: str, interpreter: str, platform: str) -> str:
    """File name of a wheel (PEP 427) of an interpreter that is not free-threaded.

    Args:
        package: ``torch``, ``torchvision``.
        pin: Its version with the build: ``2.9.1+cu130``.
        interpreter: Minor version: ``3.11``.
        platform: Whole platform tag: ``manylinux_2_28_x86_64``.
    """
    return f"{package}-{pin}-{tag(interpreter)}-{tag(interpreter)}-{platform}.whl"


def file_of(
    release: Release, package: str, version: str, variant: str, interpreter: str, arch: str
) -> str:
    """File name of torch or a companion on PyTorch's own index."""
    known = {"torch": version, **release.versions[version]}
    return wheel(package, f"{known[package]}+{variant}", interpreter, f"{release.platform}_{arch}")


def digest(catalog: Catalog, file: str) -> str | None:
    """SHA-256 of a wheel that enough public places name alike."""
    known = catalog.pytorch.wheels
    row = known.rows.get(file)
    return row.sha256 if row and len(row.seen) >= known.needed else None


def companions(
    catalog: Catalog, version: str, variant: str, interpreter: str, arch: str
) -> dict[str, str]:
    """Companions whose digest is known, and that."""
    release = catalog.pytorch.releases[minor(version)]
    files = {
        name: digest(catalog, file_of(release, name, version, variant, interpreter, arch))
        for name in release.versions[version]
    }
    return {name: sha256 for name, sha256 in files.items() if sha256}


def missing(
    catalog: Catalog, package: str, version: str, variant: str, interpreter: str, arch: str
) -> str | None:
    """The file whose digest is missing for a lock; ``None``: an index tells it, or it is known."""
    release = catalog.pytorch.releases[minor(version)]
    if release.default_index.get(arch) == variant:
        return None
    file = file_of(release, package, version, variant, interpreter, arch)
    return None if digest(catalog, file) else file


def why_missing(catalog: Catalog, file: str) -> str:
    """What is known of that file's digest, as one sentence."""
    known = catalog.pytorch.wheels
    row = known.rows.get(file)
    if row is None:
        return f"No public place was found that names the sha256 of {file}."
    return (
        f"The sha256 of {file} is named by {' and '.join(row.seen)} alone; {known.needed} places "
        "that do not copy each other are needed."
    )
