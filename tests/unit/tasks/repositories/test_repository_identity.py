"""A repository of dnf is what brought its file, or what its id says; others may be dead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.packages import DnfRepository
from tasks.repositories import strangers
from tests.unit.facts import probe_text
from tests.unit.golden.situations import ROCKY

ROWS = [
    ("rocky.repo", "baseos", "rocky-repos", False),
    ("rocky-extras.repo", "extras", "rocky-repos", False),
    ("epel.repo", "epel", "epel-release", False),
    ("redhat.repo", "satellite-tools-6", None, False),
    ("company.repo", "company-baseos", None, False),
    ("company.repo", "rhel-9-for-x86_64-appstream-rpms", None, False),
    ("ol.repo", "ol9_UEKR7", None, False),
    ("gpuwright-nvidia.repo", "gpuwright-nvidia", None, False),
    ("grafana.repo", "grafana", None, True),
    ("docker-ce.repo", "docker-ce-stable", None, True),
    ("rpmfusion.repo", "rpmfusion-free", "rpmfusion-free-release", False),
    ("google-chrome.repo", "google-chrome", "google-chrome-stable", True),
]


@pytest.mark.parametrize(("file", "name", "owner", "stranger"), ROWS)
def test_repository_of_others_may_be_dead(
    file: str, name: str, owner: str | None, stranger: bool
) -> None:
    one = DnfRepository(f"/etc/yum.repos.d/{file}", name, ("https://x/",), True, owner)
    state = replace(ROCKY, package_manager=replace(ROCKY.package_manager, repositories=(one,)))
    assert strangers.of_host(state).repositories == ((name,) if stranger else ())
    off = replace(one, enabled=False)
    state = replace(ROCKY, package_manager=replace(ROCKY.package_manager, repositories=(off,)))
    assert strangers.of_host(state).repositories == ()


def test_probe_tells_what_brought_the_file() -> None:
    found = probe_text.host(
        packages="@rpm",
        sources="@/etc/yum.repos.d/a.repo\n[a]\nbaseurl=x\n@/etc/yum.repos.d/b.repo\n[b]\n"
        "baseurl=y\n@releases\n@brought\n/etc/yum.repos.d/a.repo|rocky-repos",
    ).package_manager.repositories
    assert [r.brought_by for r in found] == ["rocky-repos", None]
