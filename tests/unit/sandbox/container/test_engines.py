"""Hosts that run container engines: what is written into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.container import engines


def debian(folder: Path) -> Path:
    for name in ("etc/systemd/system", "usr/local/sbin", "lib/modules/6.1.0-1-cloud-amd64"):
        (folder / name).mkdir(parents=True)
    (folder / "etc/debian_version").write_text("12.5\n")
    return folder


def test_engines_keep_their_images_outside_of_the_hosts_overlay(tmp_path: Path) -> None:
    words = engines.words(tmp_path)
    assert f"--bind={tmp_path}/engines/docker:/var/lib/docker" in words
    assert (tmp_path / "engines/docker").is_dir()


def test_simulated_driver_waits_for_a_module_of_the_hosts_own_kernel(tmp_path: Path) -> None:
    engines.write(debian(tmp_path))
    units = tmp_path / "etc/systemd/system"
    path = (units / "gpuwright-sandbox-driver.path").read_text()
    assert "PathExists=/lib/modules/6.1.0-1-cloud-amd64/updates/dkms/nvidia.ko\n" in path
    assert (units / "paths.target.wants/gpuwright-sandbox-driver.path").read_text() == path


def test_second_boot_writes_the_same(tmp_path: Path) -> None:
    engines.write(debian(tmp_path))
    engines.write(tmp_path)


def test_podman_sets_no_limit_that_the_hosts_control_groups_lack(tmp_path: Path) -> None:
    engines.write(debian(tmp_path))
    settings = tmp_path / "etc/containers/containers.conf.d/gpuwright-sandbox.conf"
    assert "[containers]\npids_limit = 0\n" in settings.read_text()


def test_host_of_another_family_cannot_run_engines(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="Debian's family"):
        engines.write(tmp_path)
