"""The host's package manager: the shell that jobs run, for apt or for dnf.

`tasks.packages.apt` and `tasks.packages.dnf` are of one shape, `Manager`; nothing else asks which
of them it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from facts.model.host import HostState
from tasks.packages import apt, dnf
from tasks.packages.transaction import Installation


class Manager(Protocol):
    """Pure text: every function gives POSIX shell for a `tasks.steps.job.Job`, or words for it."""

    FETCH_TOOLS: tuple[str, ...]
    """What fetching and unpacking a tarball needs, as `install` takes it."""

    def refresh(self) -> str:
        """Read the package lists again, and fail if one cannot be read."""

    def refresh_if_stale(self) -> str:
        """`refresh`, unless the lists are younger than half a day and than every source file."""

    def finished(self) -> str:
        """Finish what a power cut or a kill left half done."""

    def repaired(self, ours: Sequence[str]) -> str:
        """`finished`, and dependencies made whole; nothing goes but what these patterns match."""

    def install(self, wanted: Installation) -> str:
        """Install packages, after a simulation that the installation's move allows."""

    def forgotten(self, packages: Sequence[str]) -> str:
        """Take away what removed packages left behind (their settings would still count)."""

    def stream(self, wanted: str, enabled: Mapping[str, str]) -> str:
        """Enable a module stream in place of the one that `enabled` (module to stream) names."""

    def download(self, packages: Sequence[str], archives: str) -> str:
        """Fetch packages into a folder of their own, while another installation may be at work."""

    def progress(self) -> str:
        """Print one line: how far the installation is."""

    def named(self, package: str, version: str) -> str:
        """One package in one version (which may be a glob pattern), as `install` takes it."""

    def candidate(self, package: str) -> str:
        """Set ``$offer`` to the version that would be installed, empty if there is none."""

    def kernel_headers(self, kernels: Sequence[str], metapackages: Sequence[str]) -> str:
        """Write the names of the headers' packages of these kernels to the file ``headers``."""


def manager_for(state: HostState) -> Manager:
    """The manager of this host. One without dnf is taken for a host with apt."""
    return dnf if state.package_manager.kind == "dnf" else apt
