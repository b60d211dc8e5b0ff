"""A further repository's files on the host, for apt or for dnf: both modules are of one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from facts.model.host import HostState
from facts.model.packages import AptSource, DnfRepository
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository
from tasks.repositories import apt_files, dnf_files


class RepositoryFiles(Protocol):
    """Pure: what the host has, what is due, and shell that sets it up."""

    def due(self, state: HostState, repository: Repository) -> bool:
        """Whether a file of ours is missing or differs, or one of others names this repository."""

    def script(self, state: HostState, repository: Repository, keyring: bytes) -> str:
        """Shell that sets the repository up, with its checked keys; it reads `private`."""

    def private(self, repository: Repository, key: str) -> str:
        """Text of the file that only root may read, for it holds a login; empty: there is none."""

    def key_path(self, repository: Repository, keyring: bytes) -> str:
        """Where the checked keys lie on the host."""

    def others(
        self, state: HostState, repository: Repository
    ) -> Sequence[AptSource | DnfRepository]:
        """What names this very repository in files of others."""

    def shared(self, state: HostState, repository: Repository) -> tuple[Conflict, ...]:
        """SOURCE-SHARED: files that name this repository among others."""


Available = Mapping[str, tuple[str, ...]]
"""Package to the versions that the planned repositories offer."""


def due(state: HostState, plan: Plan) -> list[Repository]:
    """Repositories of the plan whose files on the host are not as they should be."""
    return [r for r in plan.repositories if files_for(r).due(state, r)]


def files_for(repository: Repository) -> RepositoryFiles:
    """The module for this repository's kind."""
    return dnf_files if repository.kind == "dnf" else apt_files
