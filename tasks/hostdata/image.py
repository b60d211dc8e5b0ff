"""What host data say about the image. Pure; raises `ValueError` as `tasks.hostdata.host` does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tasks.hostdata import host as host_data
from tasks.hostdata.reading import Data

Source = Literal["build", "tar", "registry"]
SOURCES: tuple[Source, ...] = ("build", "tar", "registry")


@dataclass(frozen=True)
class Wishes:
    """One host's wishes about the image."""

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


def wishes(data: Data) -> Wishes:
    """The wishes in this host's data."""
    tar, registry = _text(data, "image_tar"), _registry(data)
    source = _source(data, tar, registry)
    push = data.get("image_push") or False
    if not isinstance(push, bool):
        raise _wrong("image_push", push, "True or False")
    if push and not registry:
        raise _wrong("image_push", push, "image_registry beside it: the registry to push to")
    if push and source == "registry":
        raise _wrong("image_push", push, "a host that builds or loads; this one pulls")
    save = _text(data, "image_save")
    if save and not (save.startswith("/") and save.endswith(".tar.zst")):
        raise _wrong("image_save", save, "an absolute path on the host that ends with .tar.zst")
    return Wishes(
        source=source,
        uid=_uid(data),
        tar=tar,
        registry=registry,
        push=push,
        save=save,
        rollback=_number(data, "rollback", 0),
        apt=_apt(data),
        bundle=host_data.bundle(data),
    )


def _source(data: Data, tar: str, registry: str) -> Source:
    said = data.get("image_from")
    for known in SOURCES:
        if said == known:
            break
    else:
        if said:
            raise _wrong("image_from", said, f"one of {', '.join(SOURCES)}")
        known = "tar" if tar else "build"
    if known == "tar":
        if not tar:
            raise _wrong("image_from", known, "image_tar beside it: a file of this machine")
        if not Path(tar).is_file():
            raise _wrong("image_tar", tar, "a file of this machine, made with image_save")
    if known == "registry" and not registry:
        raise _wrong("image_from", known, "image_registry beside it")
    return known


def _uid(data: Data) -> int:
    uid = _number(data, "image_uid", 1000)
    if not 500 <= uid <= 60000:
        raise _wrong("image_uid", uid, "a number from 500 to 60000")
    return uid


def _registry(data: Data) -> str:
    text = _text(data, "image_registry").rstrip("/")
    if text and not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*", text):
        raise _wrong(
            "image_registry",
            text,
            "a registry without https:// and without a password (docker login on the host), such "
            "as registry.example.org:5000/team",
        )
    return text


def _apt(data: Data) -> tuple[str, ...]:
    said = data.get("image_apt") or ()
    lines = [said] if isinstance(said, str) else said
    if not isinstance(lines, Sequence):
        raise _wrong("image_apt", said, "a list of lines")
    for line in lines:
        if not isinstance(line, str) or not re.fullmatch(r"deb (\[[^\]\n]*\] )?\S+://[^\n]+", line):
            # It may hold a password: only its place is said.
            raise ValueError(
                "«image_apt» has a line that is no source of apt; expected is such as "
                "'deb https://mirror.example.org/debian bookworm main contrib non-free'."
            )
    return tuple(lines)


def _text(data: Data, key: str) -> str:
    said = data.get(key) or ""
    if not isinstance(said, str) or "\n" in said:
        raise _wrong(key, said, "a line of text")
    return said


def _number(data: Data, key: str, default: int) -> int:
    said = data.get(key)
    if said is None or said == "":
        return default
    if isinstance(said, bool) or not str(said).isdigit():
        raise _wrong(key, said, "a whole number, 0 or more")
    return int(str(said))


def _wrong(key: str, value: object, expected: str) -> ValueError:
    return ValueError(f"«{key}» is {value!r}, expected {expected}.")
