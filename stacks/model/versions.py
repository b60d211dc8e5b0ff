"""Versions of packages beside what a plan asks for."""

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
