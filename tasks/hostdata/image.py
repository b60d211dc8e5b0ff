"""What host data say about the image. Pure; raises `ValueError` as `tasks.hostdata.host` does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tasks.hostdata import host as host_data
from tasks.hostdata.reading import Data, Reader

Source = Literal["build", "tar", "registry"]
SOURCES: tuple[Source, ...] = ("build", "tar", "registry")
UID = 1000
"""Of the image's user, where nothing is said."""
_REGISTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)*")
_SAVE = "an absolute path on the host that ends with .tar.zst"
_TAR = "a file of this machine, made with image_save"
_APT_LINE = re.compile(r"deb (\[[^\]\n]*\] )?\S+://[^\n]+")
_APT = (
    "lines of apt's one-line form such as "
    "'deb https://mirror.example.org/debian bookworm main contrib non-free'"
)


@dataclass(frozen=True)
class ImageSettings:
    """What host data say about the image."""

    source: Source
    """Whether the host builds it, loads a tar file of the controller's, or pulls it."""
    uid: int
    tar: str
    """File on the controller; empty: none."""
    registry: str
    """Prefix of names in a registry: ``registry.example.org:5000/team``; empty: none."""
    push: bool
    save: str
    """File on the host that the image is saved in, a zstd tar; empty: none."""
    rollback: int
    apt: tuple[str, ...] = field(default=(), repr=False)
    """Lines of apt's one-line form that serve the build in place of the base's own. They may hold a
    password: never printed."""
    bundle: Path | None = None
    """Folder on the controller that a build takes all from, with no network."""


def image_settings(data: Data) -> ImageSettings:
    """What these host data say."""
    reader = Reader(data)
    reader.file("image_tar", _TAR)
    tar, registry = reader.text("image_tar"), _registry(reader)
    source = _source(reader, tar, registry)
    push = reader.flag("image_push")
    if push and not registry:
        raise reader.wrong("image_push", push, "image_registry beside it: the registry to push to")
    if push and source == "registry":
        raise reader.wrong("image_push", push, "a host that builds or loads; this one pulls")
    save = reader.path("image_save", _SAVE)
    if save and not save.endswith(".tar.zst"):
        raise reader.wrong("image_save", save, _SAVE)
    return ImageSettings(
        source=source,
        uid=reader.count("image_uid", UID, least=500, most=60000),
        tar=tar,
        registry=registry,
        push=push,
        save=save,
        rollback=host_data.rollback(data),
        apt=reader.lines("image_apt", _APT_LINE, _APT),
        bundle=host_data.bundle(data),
    )


def _source(reader: Reader, tar: str, registry: str) -> Source:
    source = reader.choice("image_from", SOURCES, "tar" if tar else "build")
    if source == "tar":
        if not tar:
            raise reader.wrong("image_from", source, "image_tar beside it: a file of this machine")
        if not Path(tar).is_file():
            raise reader.wrong("image_tar", tar, _TAR)
    if source == "registry" and not registry:
        raise reader.wrong("image_from", source, "image_registry beside it")
    return source


def _registry(reader: Reader) -> str:
    text = reader.text("image_registry").rstrip("/")
    if text and not _REGISTRY.fullmatch(text):
        raise reader.wrong(
            "image_registry",
            text,
            "a registry without https:// and without a password (docker login on the host), such "
            "as registry.example.org:5000/team",
        )
    return text
