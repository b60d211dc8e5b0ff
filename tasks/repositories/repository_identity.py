"""Repositories of dnf that nothing of a plan is taken from, by what brought their files. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from facts.model.host import HostState
from facts.model.packages import DnfRepository

DISTRIBUTION = (
    *("*-release", "*-repos", "*-repos-*", "redhat-release*", "subscription-manager", "rhui-*"),
    *("rh-amazon-rhui-client*", "google-rhui-client*", "oraclelinux-release-*"),
)
"""Names of packages that bring files of repositories of the distribution, and EPEL's."""
IDS = (
    *("baseos*", "appstream*", "extras*", "crb*", "powertools*", "rhel-*", "codeready-builder-*"),
    *("epel*", "ol?_*", "gpuwright-*", "*-baseos*", "*-appstream*", "*-crb*"),
)
"""Ids that mirrors of them have, in files that somebody wrote."""
RED_HAT = "/etc/yum.repos.d/redhat.repo"
"""subscription-manager writes it, and no package owns it."""


def strangers(state: HostState) -> tuple[DnfRepository, ...]:
    """Enabled repositories of others."""
    return tuple(
        r
        for r in state.package_manager.repositories
        if r.enabled
        and r.file != RED_HAT
        and not any(fnmatchcase(r.name.lower(), pattern) for pattern in IDS)
        and not any(fnmatchcase(r.brought_by or "", pattern) for pattern in DISTRIBUTION)
    )
