"""Which packages move the kernel: schema of ``kernels.yaml``, and what of it a host has."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stacks.catalog.provenance import Group


@dataclass(frozen=True, kw_only=True)
class KernelPackages(Group):
    """One package manager's kernel packages, as shell patterns."""

    held: tuple[str, ...]
    """Images, headers, modules, and the metapackages that bring the next of them."""
    free: tuple[str, ...] = ()
    """Names that match `held` and are no part of the kernel."""

    def of(self, names: Iterable[str]) -> list[str]:
        """Those of these names that belong to the kernel, in order."""
        return sorted(n for n in names if _any(n, self.held) and not _any(n, self.free))


@dataclass(frozen=True)
class KernelPackagesByManager:
    """``catalog/kernels.yaml``."""

    kernels: Mapping[str, KernelPackages]
    """By package manager: ``apt``, ``dnf``."""


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
