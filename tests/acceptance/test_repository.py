"""Packages are of the planned version and archive, and the archive is trusted by one key only."""

from __future__ import annotations

import base64

import pytest

from facts.parse import openpgp
from stacks.model.plan import DriverPlan, Repository
from stacks.model.versions import matches
from tasks.driver import fabric_state
from tasks.driver.state import library_version
from tasks.repositories import apt_files
from tests.acceptance.subject import Subject

ORIGINS = {"nvidia": "NVIDIA", "ubuntu": "Ubuntu", "debian": "Debian"}
"""``Origin:`` of the archives' Release files."""


@pytest.fixture(scope="session")
def repositories(host: Subject) -> tuple[Repository, ...]:
    """The planned repositories beside the distribution's own, on a host with apt."""
    found = tuple(r for r in host.plan.repositories if r.kind == "apt")
    if not found:
        pytest.skip(f"{host.name}: its plan adds no apt repository")
    return found


def test_packages_are_of_exactly_the_planned_versions(host: Subject) -> None:
    parts = (host.plan.driver, host.plan.cuda, host.plan.cudnn)
    planned = {name: v for part in parts if part for name, v in part.versions.items()}
    if not planned:
        pytest.skip(f"{host.name}: its plan names no versions")
    there = host.state.packages
    wrong = {n: v for n, v in planned.items() if n not in there or not matches(there[n].version, v)}
    assert wrong == {}


def test_driver_is_from_the_planned_archive(host: Subject, driver: DriverPlan) -> None:
    """An archive that has dropped the version since cannot be told any more, and counts as none."""
    if host.state.package_manager.kind != "apt":
        pytest.skip(f"{host.name}: no apt")
    origins = {host.state.packages[name].origin for name in driver.packages}
    assert origins <= {ORIGINS[driver.origin], None}


def test_fabric_manager_is_of_the_drivers_version(host: Subject, driver: DriverPlan) -> None:
    if not driver.fabric_manager:
        pytest.skip(f"{host.name}: its plan has no Fabric Manager")
    found = fabric_state.version(host.state, host.plan)
    assert found == library_version(host.state)
    assert host.shell.service("nvidia-fabricmanager").is_enabled


def test_repository_is_trusted_by_the_planned_keys_only(
    host: Subject, repositories: tuple[Repository, ...]
) -> None:
    for repository in repositories:
        own = apt_files.sources_path(repository)
        (source,) = (s for s in host.state.package_manager.sources if s.file == own)
        assert source.signed_by is not None
        told = host.run(f"stat -c '%U %a' {source.signed_by}; base64 {source.signed_by}")
        mode, _, packed = told.partition("\n")
        assert mode == "root 644"
        keys = openpgp.read(base64.b64decode(packed)).fingerprints
        assert set(keys) <= set(repository.fingerprints)


def test_nothing_else_names_the_repository(
    host: Subject, repositories: tuple[Repository, ...]
) -> None:
    for repository in repositories:
        assert apt_files.others(host.state, repository) == []


def test_other_packages_of_the_repository_cannot_come(
    host: Subject, repositories: tuple[Repository, ...]
) -> None:
    """The metapackages that pull in another driver, and the container toolkit."""
    for repository in repositories:
        at = repository.address.rstrip("/")
        names = "cuda cuda-11-8 cuda-toolkit cuda-toolkit-12-8 nvidia-container-toolkit"
        lines = host.run(f"LC_ALL=C apt-cache policy {names}").splitlines()
        # A version's line with its priority, then the archives that have it.
        offered = [lines[i - 1] for i, line in enumerate(lines) if f" {at} " in line]
        assert [line for line in offered if not line.endswith(" -1")] == []
