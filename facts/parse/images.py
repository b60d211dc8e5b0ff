"""What a host's Docker has of an image, from the lines of ``facts/images.sh``. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.model.shown import Shown
from facts.parse import jsontext
from facts.parse.sections import ProbeError, cut_off, integer


@dataclass(frozen=True)
class ImageState(Shown):
    """Docker's images of one name, and the room that is left for another."""

    server: str | None = None
    """Docker's version: ``20.10.24``; None: it does not answer (see ``why``)."""
    client: str | None = None
    why: str | None = None
    buildx: bool = False
    """Whether the client's plugin for BuildKit is there."""
    zstd: bool = False
    root: str | None = None
    """Where Docker keeps images: ``/var/lib/docker``."""
    root_free_mb: int | None = None
    var_free_mb: int | None = None
    same_disk: bool = True
    """Whether ``/var`` and ``root`` are one file system."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Name with tag to image id: ``{"pytorch-cuda:v2.9": "sha256:…"}``."""
    base_layers: tuple[str, ...] | None = None
    """Digests of the layers of the image that was asked about; None: it is not there."""
    file_size: int | None = None
    """Bytes of the file that was asked about; None: it is not there."""
    file_of: str | None = None
    """Id of the image that we saved in it."""
    file_free_mb: int | None = None
    record: Mapping[str, Any] | None = None
    """Our own note about the last image: ``/var/lib/gpuwright/image.json``."""


def parse(output: Iterable[str]) -> ImageState:
    """The answer. Raises `ProbeError` where it is cut off."""
    one: dict[str, str] = {}
    images: dict[str, str] = {}
    ended, line = False, ""
    for line in output:
        key, _, value = line.strip().partition(" ")
        if key == "end":
            ended = True
        elif key == "image":
            name, _, identity = value.rpartition(" ")
            images[name] = identity
        else:
            one[key] = value.strip()
    if not ended:
        where = "the list of its images"
        raise ProbeError(cut_off(line, where) or f"the host's answer is cut off in {where}")
    server, _, client = one.get("version", "").partition(" ")
    return ImageState(
        server=server or None,
        client=client or None,
        why=one.get("why"),
        buildx="buildx" in one,
        zstd="zstd" in one,
        root=one.get("root") or None,
        root_free_mb=integer(one.get("root_free_mb")),
        var_free_mb=integer(one.get("var_free_mb")),
        same_disk=one.get("same_disk") != "no",
        images=images,
        base_layers=layers(one.get("base_layers")),
        file_size=integer(one.get("file")),
        file_of=one.get("file_of"),
        file_free_mb=integer(one.get("file_free_mb")),
        record=_record(one.get("record")),
    )


def layers(text: str | None) -> tuple[str, ...] | None:
    """Digests in ``docker image inspect --format '{{json .RootFS.Layers}}'``; None: it has none."""
    try:
        found = jsontext.loads(text or "")
    except ValueError:
        return None
    return tuple(str(layer) for layer in found) if isinstance(found, list) else None


def _record(text: str | None) -> dict[str, Any] | None:
    try:
        found = jsontext.loads(base64.b64decode(text or ""))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
