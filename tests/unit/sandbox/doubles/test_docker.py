"""The double of Docker's own repository: what its packages are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.doubles import docker
from sandbox.doubles.deb import Deb
from sandbox.doubles.docker import DockerDouble

STATUS = """\
Package: {name}
Status: install ok installed
Architecture: amd64
Maintainer: a
Version: {version}
Depends: adduser, libc6 (>= 2.38), libsystemd0
Description: b

"""
DEBIANS = {
    "docker.io": "26.1.5+dfsg1-9+b9",
    "docker-cli": "26.1.5+dfsg1-9+b9",
    "containerd": "1.7.24~ds1-6+b4",
    "docker-buildx": "0.13.1+ds1-3",
    "docker-compose": "2.26.1-4",
}


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text("".join(STATUS.format(name=n, version=v) for n, v in DEBIANS.items()))
    (status.parent / "info").mkdir()
    for row in docker._data()["packages"].values():
        for path in row["programs"].values():
            (tmp_path / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path.lstrip("/")).write_text(path)
    return tmp_path


def packages(rootfs: Path) -> dict[str, Deb]:
    double = DockerDouble(rootfs=rootfs)
    rows = docker._data()["packages"].items()
    return {name: double._package(name, row, double.version) for name, row in rows}


def test_packages_have_dockers_names_paths_and_versions(rootfs: Path) -> None:
    made = packages(rootfs)
    assert made["docker-ce"].version == "5:26.1.5-1~debian.13~trixie"
    assert made["containerd.io"].version == "1.7.24-1~debian.13~trixie"
    assert made["docker-ce"].files["/usr/bin/dockerd"].source == f"{rootfs}/usr/sbin/dockerd"
    assert "/lib/systemd/system/docker.socket" in made["docker-ce"].files
    assert made["docker-ce"].fields["Depends"].endswith("libc6 (>= 2.38), libsystemd0")
    assert "adduser" not in made["docker-ce"].fields["Depends"]


def test_packages_say_that_they_are_a_double(rootfs: Path) -> None:
    for package in packages(rootfs).values():
        assert "stand-in for" in package.control and "Debian's" in package.control


def test_host_without_docker_has_nothing_to_repack(rootfs: Path) -> None:
    (rootfs / "usr/bin/docker").unlink()
    with pytest.raises(SandboxError, match="has no /usr/bin/docker"):
        packages(rootfs)
