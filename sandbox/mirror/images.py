"""Where the mirror finds container images: it is a mirror of Docker Hub, with what was made here.

A host whose Docker is told so (``registry-mirrors``) pulls ``debian:bookworm-slim`` from it as from
Docker Hub. Only reading is answered, of whole files (OCI distribution specification, "Pull").
"""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.checkout import CACHE, lock

IMAGES = CACHE / "images"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_PATH = re.compile(
    r"/v2/library/(?P<name>[a-z0-9-]+)/(?P<kind>manifests|blobs)/(?P<which>[A-Za-z0-9][\w.:-]*)"
)


def answer(url: str, folder: Path = IMAGES) -> tuple[str, Path | None] | None:
    """Content type and file of what a registry's client asks for; no file for the first greeting.

    `None` if the request is none to a registry. Whether the file exists is not looked at.
    """
    path = urlsplit(url).path
    if path.rstrip("/") == "/v2":
        return "application/json", None
    if not (asked := _PATH.fullmatch(path)):
        return None
    kind = _MANIFEST if asked["kind"] == "manifests" else "application/octet-stream"
    return kind, folder / asked["name"] / asked["kind"] / asked["which"]


def publish(root: Path, name: str, tag: str, folder: Path = IMAGES) -> None:
    """Make the tree at `root` an image of one layer, ``library/NAME:TAG``, if it is none yet."""
    place = folder / name
    with lock(f"image-{name}-{tag}"):
        made = place / "manifests" / tag
        if made.is_file() and json.loads(made.read_text())["annotations"]["root"] == root.name:
            return
        for part in ("manifests", "blobs"):
            (place / part).mkdir(parents=True, exist_ok=True)
        words = ("tar", "--create", "--numeric-owner", "--sort=name", f"--directory={root}", ".")
        layer = subprocess.run(words, capture_output=True, check=True).stdout
        digest = _digest(layer)
        (place / "blobs" / digest).write_bytes(layer)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["bash"]},
                "rootfs": {"type": "layers", "diff_ids": [digest]},
            }
        ).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
                "layers": [{"mediaType": _LAYER, "size": len(layer), "digest": digest}],
                "annotations": {"root": root.name},
            }
        ).encode()
        (place / "blobs" / _digest(config)).write_bytes(config)
        (place / "manifests" / _digest(manifest)).write_bytes(manifest)
        made.write_bytes(manifest)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
