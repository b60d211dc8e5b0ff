"""The set is locked on the Red Hat family, and NVIDIA's repository gives what the plan names."""

from __future__ import annotations

import fnmatch
import re

import pytest

from stacks.model.plan import DriverPlan, Repository
from tests.acceptance.subject import Subject


@pytest.fixture(autouse=True)
def dnf(host: Subject) -> None:
    """Skips hosts of the other family."""
    if host.state.package_manager.kind != "dnf":
        pytest.skip(f"{host.name}: no dnf")


@pytest.fixture
def repository(host: Subject) -> Repository:
    """NVIDIA's repository, if the plan takes anything from it."""
    if not host.plan.repositories:
        pytest.skip(f"{host.name}: its plan has no repository of NVIDIA's")
    return host.plan.repositories[0]


def test_whole_set_is_locked_at_its_versions(host: Subject, held: dict[str, str]) -> None:
    locked = {entry.removesuffix(".*") for entry in host.lines("dnf -q versionlock list")}
    there = host.lines(
        "rpm -q --qf '%{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n' " + " ".join(held)
    )
    assert set(there) - locked == set()


def test_upgrade_moves_nothing_of_the_set(host: Subject, held: dict[str, str]) -> None:
    table = host.run("dnf upgrade --assumeno 2>&1 || true")
    assert "Operation aborted." in table or "Nothing to do." in table, table
    assert set(re.findall(r"^ ([^ ]+)", table, re.MULTILINE)) & set(held) == set()


def test_stream_is_that_of_the_plan(host: Subject, driver: DriverPlan) -> None:
    if not driver.stream:
        pytest.skip(f"{host.name}: its plan has no module stream")
    module, _, stream = driver.stream.partition(":")
    enabled = host.lines(f"dnf -q module list --enabled {module}")
    assert [line for line in enabled if line.split()[:3] == [module, stream, "[e]"]], enabled


def test_driver_is_of_exactly_the_planned_versions(host: Subject, driver: DriverPlan) -> None:
    for name, pattern in driver.versions.items():
        if name in driver.packages:
            version = host.run(f"rpm -q --qf '%{{VERSION}}-%{{RELEASE}}' {name}")
            assert fnmatch.fnmatchcase(version, pattern), f"{name} {version}"


def test_repository_gives_the_planned_packages_only(host: Subject, repository: Repository) -> None:
    repo = f"gpuwright-{repository.name}"
    names = set(host.lines(f"dnf -q repoquery --repo {repo} --qf '%{{name}}'"))
    allowed = {n for n in names if any(fnmatch.fnmatchcase(n, p) for p in repository.packages)}
    assert names and names - allowed == set()


def test_repository_and_packages_are_checked_by_the_planned_key(
    host: Subject, repository: Repository
) -> None:
    text = host.run(f"cat /etc/yum.repos.d/gpuwright-{repository.name}.repo")
    assert {"gpgcheck=1", "repo_gpgcheck=1"} <= set(text.splitlines())
    files = re.findall(r"^gpgkey=file://(\S+)$", text, re.MULTILINE)
    assert len(files) == 1
    if host.has("gpg"):
        told = host.run(f"gpg --batch --with-colons --show-keys {files[0]}")
        found = set(re.findall(r"^pub:.*\n(?:.*\n)*?fpr:+([0-9A-F]+):", told, re.MULTILINE))
        assert found and found <= set(repository.fingerprints)


def test_no_other_entry_names_that_repository(host: Subject, repository: Repository) -> None:
    bare = re.escape(repository.address.split("://")[1].rstrip("/"))
    files = host.lines(f"grep -lE '^baseurl *=.*{bare}' /etc/yum.repos.d/*.repo")
    assert files == [f"/etc/yum.repos.d/gpuwright-{repository.name}.repo"]
