"""What speaks against a plan before the host is touched, with the right numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from facts.parse.apt import INLINE_KEY
from stacks.model.messages import Conflict
from tasks.driver import room
from tasks.host import preflight
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, parts, plan, with_mounts, with_packages

DRIVER, CUDA, CUDNN, TORCH = parts()
MODULE: dict[str, int] = {
    path: mb for path, mb, _ in room.needed(a_host.bare(), plan(), parts()[0])
}
"""What a module for the one kernel takes, by path."""
EVERYTHING = (
    sum(disk.disk_mb for disk in parts())
    + DRIVER.disk_mb // 3
    + CUDA.disk_mb // 3
    + sum(MODULE.values())
)


def conflicts(state: HostState) -> dict[str, Conflict]:
    """Conflicts by code."""
    found = (*preflight.conflicts(state, plan()), *preflight.sources(state, plan()))
    return {c.code: c for c in found}


def bare(**system: Any) -> HostState:
    """The bare host with other system values."""
    state = a_host.bare()
    return replace(state, system=replace(state.system, **system))


def test_bare_host_with_room_is_welcome() -> None:
    assert conflicts(a_host.bare()) == {}


def test_finished_host_is_welcome_even_with_a_full_disk() -> None:
    assert conflicts(with_mounts(a_host.done(), {"/": ("/dev/sda1", 1100)})) == {}


def test_user_without_root_is_told_what_sudo_said() -> None:
    state = a_host.bare()
    login = replace(state.login, user="me", uid=1000, root=False, sudo_error="a password is …")
    (found,) = preflight.access(replace(state, login=login))
    assert found.code == "NO-ROOT" and "me" in found.what
    assert "a password is …" in found.why
    assert "/etc/sudoers.d/me" in found.remedies[0]


def test_host_without_systemd_is_refused() -> None:
    assert [c.code for c in preflight.access(bare(systemd=False))] == ["NO-SYSTEMD"]


def test_bare_host_lets_us_work() -> None:
    assert preflight.access(a_host.bare()) == []


def test_driver_of_a_run_installer_is_refused() -> None:
    state = a_host.bare()
    state = replace(state, driver=replace(state.driver, runfile="/usr/bin/nvidia-uninstall"))
    found = conflicts(state)["DRIVER-RUNFILE"]
    assert "/usr/bin/nvidia-uninstall" in found.why
    assert "nvidia-uninstall --silent" in found.remedies[0]


def test_ppa_with_drivers_is_refused_and_another_one_is_not() -> None:
    manager = a_host.bare().package_manager
    state = replace(
        a_host.bare(),
        package_manager=replace(manager, ppas=("ppa:graphics-drivers/ppa", "ppa:git-core/ppa")),
    )
    assert list(conflicts(state)) == ["DRIVER-PPA"]
    assert "graphics-drivers/ppa" in conflicts(state)["DRIVER-PPA"].why


def test_newer_driver_of_the_same_branch_is_kept() -> None:
    state = with_packages(a_host.bare(), package("nvidia-kernel-dkms", "535.400.01-1"))
    assert conflicts(state) == {}


def test_driver_packages_of_another_origin_are_refused_by_name() -> None:
    stranger = replace(package("libnvidia-ml1", "535.1-1"), origin="NVIDIA")
    found = conflicts(with_packages(a_host.bare(), stranger))["DRIVER-OTHER-ORIGIN"]
    assert "libnvidia-ml1 535.1-1 (NVIDIA)" in found.why


def test_removed_package_of_another_origin_does_no_harm() -> None:
    stranger = replace(package("libnvidia-ml1", status="rc"), origin="NVIDIA")
    assert conflicts(with_packages(a_host.bare(), stranger)) == {}


def test_one_disk_needs_the_sum_of_all_parts() -> None:
    (need,) = preflight.disk_needs(with_mounts(a_host.bare(), {"/": ("/dev/sda1", 1)}), plan())
    device, _, megabytes, told = need
    assert (device, megabytes) == ("/dev/sda1", EVERYTHING)
    assert f"torch {TORCH.disk_mb:,}" in told


def test_disk_is_too_small_by_one_mebibyte() -> None:
    enough = EVERYTHING + preflight.HEADROOM_MB
    assert conflicts(with_mounts(a_host.bare(), {"/": ("/dev/sda1", enough)})) == {}
    found = conflicts(with_mounts(a_host.bare(), {"/": ("/dev/sda1", enough - 1)}))
    assert f"{enough - 1:,} MiB are free on /dev/sda1" in found["DISK-SMALL"].why
    assert found["DISK-SMALL"].remedies[0] == "free or add 1 MiB there"


def test_each_disk_is_asked_for_its_own_parts() -> None:
    disks = {"/": ("a", 1), "/usr": ("a", 1), "/var": ("b", 1), "/opt": ("c", 1)}
    needs = {
        d: mb for d, _, mb, _ in preflight.disk_needs(with_mounts(a_host.bare(), disks), plan())
    }
    wheels = CUDNN.disk_mb + TORCH.disk_mb
    assert needs == {
        "a": DRIVER.disk_mb + CUDA.disk_mb + MODULE["/usr"] + MODULE["/boot"] + MODULE["/tmp"],
        "b": DRIVER.disk_mb // 3 + CUDA.disk_mb // 3 + MODULE["/var"] + wheels,
        "c": wheels,
    }


def test_small_boot_partition_is_asked_for_an_initramfs_and_no_headroom_of_a_large_disk() -> None:
    enough = MODULE["/boot"] + preflight.SMALL["/boot"]
    roomy = {"/": ("a", 10**6), "/tmp": ("t", MODULE["/tmp"] + preflight.SMALL["/tmp"])}
    small = with_mounts(a_host.bare(), {**roomy, "/boot": ("b", enough)})
    assert conflicts(small) == {}
    found = conflicts(with_mounts(a_host.bare(), {**roomy, "/boot": ("b", enough - 1)}))
    assert "the disk of /boot is too small" in found["DISK-SMALL"].what
    assert "apt-get purge" in found["DISK-SMALL"].remedies[1]


def test_two_file_systems_with_one_name_are_two() -> None:
    """Every tmpfs is called tmpfs."""
    disks = {"/": ("a", 1), "/var": ("tmpfs", 100), "/opt": ("tmpfs", 200)}
    paths = [p for _, p, _, _ in preflight.disk_needs(with_mounts(a_host.bare(), disks), plan())]
    assert ["/opt"] in paths
    assert ["/var"] in paths


def test_what_is_installed_needs_no_room() -> None:
    state = replace(a_host.done(), venvs=())
    needs = preflight.disk_needs(with_mounts(state, {"/": ("a", 1)}), plan())
    assert [(device, mb) for device, _, mb, _ in needs] == [("a", TORCH.disk_mb)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signed_by": INLINE_KEY}, "SOURCE-KEY-INLINE"),
        ({"uris": ("http://HIDDEN@mirror.example.org/debian",)}, "SOURCE-PASSWORD"),
        ({"options": {"trusted": "yes"}}, "SOURCE-UNCHECKED"),
        ({"options": {"allow-insecure": "true"}}, "SOURCE-UNCHECKED"),
    ],
)
def test_archive_that_cannot_be_repeated_is_refused(changes: dict[str, Any], code: str) -> None:
    state = a_host.with_sources(a_host.source("bookworm", "main", **changes))
    assert code in conflicts(state)


def test_installers_log_alone_is_no_driver() -> None:
    state = a_host.bare()
    log = replace(state.driver, runfile="/var/log/nvidia-installer.log")
    codes = [c.code for c in preflight.conflicts(replace(state, driver=log), plan())]
    assert "DRIVER-RUNFILE" not in codes
