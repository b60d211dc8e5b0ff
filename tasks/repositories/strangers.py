"""Package sources of others on a host, as its jobs are told of them. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from tasks.repositories import archive_identity, repository_identity
from tasks.steps.surroundings import Strangers


def of_host(state: HostState) -> Strangers:
    """From what sources of this host nothing of a plan is taken."""
    if state.package_manager.kind == "dnf":
        return Strangers(repositories=tuple(r.name for r in repository_identity.strangers(state)))
    archives = (archive_identity.named(u, s) for _, u, s in archive_identity.strangers(state))
    return Strangers(archives=tuple(dict.fromkeys(archives)))
