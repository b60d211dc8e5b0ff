"""Versions: what a plan asks for, and which release line one is of."""

from __future__ import annotations

import fnmatch


def matches(version: str, wanted: str | None) -> bool:
    """Whether a package version is the wanted one.

    Args:
        version: As the package manager tells it: ``1:580.178.04-0ubuntu1``.
        wanted: Exact version or shell pattern; its epoch (``3:``) counts only where it is named.
            ``None``: any version.
    """
    if wanted is None:
        return True
    plain = version.split(":", 1)[-1]
    return fnmatch.fnmatchcase(version, wanted) or fnmatch.fnmatchcase(plain, wanted)


def minor(version: str) -> str:
    """Major and minor of a version: ``2.9`` of ``2.9.1``."""
    return ".".join(version.split(".")[:2])
