"""A bundle for hosts, of packages and wheels that are small and whole, signed by a real key."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from tasks.bundle import host_work, signing
from tasks.offline import index, manifest, wants
from tasks.offline.index import Deb
from tasks.offline.manifest import Manifest, Release
from tasks.offline.wants import KEY, LINKS, SIGNED, Wants

RELEASE = "debian-12 x86_64"
LOCK = "debian-12/torch.txt"


def content(name: str) -> bytes:
    """What stands for a package's file."""
    return f"the file of {name}".encode()


def deb(name: str, version: str = "1.0-1", depends: str = "") -> Deb:
    """A package with `content`."""
    body = content(f"{name} {version}")
    sha256 = hashlib.sha256(body).hexdigest()
    text = (
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nSection: non-free/libs\n"
        f"Depends: {depends}\nDescription: of {name}\n more: of it\nFilename: pool/x.deb\n"
        f"Size: {len(body)}\nMD5sum: 0\nSHA256: {sha256}\n"
    )
    (found,) = index.read(text)
    return found


def lock(*names: str) -> str:
    """A lock of these packages, with the hashes of `content`."""
    return "".join(
        f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(content(name)).hexdigest()}\n"
        for name in names
    )


DEBS = (deb("curl"), deb("nvidia-driver", "535.309.01-1"), deb("linux-headers-6.1.0-9-amd64"))
WHEELS = ("torch", "numpy")
WANTED = Wants(
    RELEASE,
    (("curl",), ("nvidia-driver=535.*",)),
    ("linux-headers-6.1.0-9-amd64",),
    (),
    {LOCK: lock(*WHEELS)},
    (),
)


def put(folder: Path, path: str, data: bytes, owner: str) -> None:
    """One file more in the bundle."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)
    entry = manifest.entry_of(folder / path, owner)
    manifest.change(folder, lambda now: now.with_file(path, entry))


def made(folder: Path, debs: tuple[Deb, ...] = DEBS, release: str = RELEASE) -> Path:
    """A bundle for `WANTED`."""
    for one in debs:
        put(folder, one.path, content(f"{one.name} {one.version}"), release)
    for name in WHEELS:
        put(folder, f"wheels/{name}-1.0-py3-none-any.whl", content(name), LOCK)
    text = index.text(debs)
    os_name = release.split(" ")[0]
    told = index.release(wants.index_of(release), os_name, "amd64", text.encode(), 1764500000)
    key, public, (body,) = signing.signed([told])
    at = wants.index_of(release)
    put(folder, KEY, public.encode(), "hosts")
    put(folder, f"{at}/{index.PACKAGES}", text.encode(), "hosts")
    put(folder, f"{at}/{SIGNED}", body.encode(), "hosts")
    put(folder, LINKS, host_work.links_text(manifest.read(folder)).encode(), "hosts")

    def changed(now: Manifest) -> Manifest:
        return dataclasses.replace(
            now,
            locks={LOCK: wants.lock_digest(lock(*WHEELS))},
            releases={release: Release(at, ("lab1",))},
            key=key,
        )

    manifest.change(folder, changed)
    return folder
