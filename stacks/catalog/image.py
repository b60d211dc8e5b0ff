"""Schema of the facts about images: ``image.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stacks.catalog.provenance import Group


@dataclass(frozen=True)
class Base:
    """A base image, and the references by which it is known."""

    reference: str
    name: str
    """Last part of the repository's name."""
    tags: tuple[str, ...]
    """What its tags begin with."""


@dataclass(frozen=True, kw_only=True)
class Bases(Group):
    """Base images by the distribution in them."""

    default: str
    rows: Mapping[str, Base]


@dataclass(frozen=True, kw_only=True)
class Services(Group):
    """Programs of an image beside PyTorch, with their versions."""

    rows: Mapping[str, str]


@dataclass(frozen=True)
class Omission:
    """Files that an image can do without, or whose symbols it can."""

    path: str
    """Pattern of the shell, below ``site-packages``."""
    mb: int
    """What it saves, in 10^6 bytes."""
    why: str


@dataclass(frozen=True, kw_only=True)
class Omitted(Group):
    """What images leave out."""

    packages: tuple[Omission, ...]
    """Their `path` is a pattern of names of packages and tarballs."""
    files: tuple[Omission, ...]
    stripped: tuple[Omission, ...]
    """Open source alone: symbols go, the code stays."""


@dataclass(frozen=True)
class ImageFacts:
    """``catalog/image.yaml``."""

    bases: Bases
    services: Services
    omitted: Omitted
