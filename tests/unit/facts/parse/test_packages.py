"""dpkg, rpm, apt's sources, origins."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.facts.probe_text import host

POLICY = """\
@dpkg
ii |libcuda1|amd64|535.1
hi |cuda-drivers|amd64|580.1
ii |nvidia-smi|amd64|535.1
@architecture
amd64
@policy
libcuda1:
 *** 535.1 500
        500 https://repo.example/compute/cuda/repos/debian12/x86_64  Packages
        100 /var/lib/dpkg/status
cuda-drivers:
 *** 580.1 500
        500 https://ppa.example/team/ppa/ubuntu jammy/main amd64 Packages
nvidia-smi:
 *** 535.1 100
        100 /var/lib/dpkg/status
     530.0 500
        500 https://ppa.example/team/ppa/ubuntu jammy/main amd64 Packages
@releases
/var/lib/apt/lists/repo.example_compute_cuda_repos_debian12_x86%5f64_InRelease:Origin: NVIDIA
/var/lib/apt/lists/ppa.example_team_ppa_ubuntu_dists_jammy_InRelease:Origin: LP-PPA-team
"""


def test_origin_is_the_label_of_the_archive_that_has_the_installed_version() -> None:
    packages = host(packages=POLICY).packages
    assert packages["libcuda1"].origin == "NVIDIA"
    assert packages["cuda-drivers"].origin == "LP-PPA-team"


def test_origin_of_a_folder_of_the_host_is_its_label() -> None:
    policy = "@policy\nlibcuda1:\n *** 535.1 500\n        500 file:/srv/other ./ Packages"
    releases = "@releases\n/var/lib/apt/lists/_srv_other_._Release:Origin: Other"
    said = f"@dpkg\nii |libcuda1|amd64|535.1\n@architecture\namd64\n{policy}\n{releases}"
    assert host(packages=said).packages["libcuda1"].origin == "Other"


def test_package_that_no_archive_has_any_more_has_no_origin() -> None:
    assert host(packages=POLICY).packages["nvidia-smi"].origin is None


def test_held_packages_are_listed() -> None:
    assert host(packages=POLICY).package_manager.holds == ("cuda-drivers",)


def test_foreign_architecture_does_not_hide_the_native_package() -> None:
    state = host(
        packages="@dpkg\nii |libc6|amd64|2.36\nii |libc6|i386|2.35\nii |adduser|all|3\n"
        "@architecture\namd64\n@foreign\namd64\ni386"
    )
    assert state.packages["libc6"].version == "2.36"
    assert state.packages["libc6:i386"].version == "2.35"
    assert "adduser" in state.packages
    assert state.package_manager.foreign_architectures == ("i386",)


def test_removed_but_not_purged_is_neither_installed_nor_broken() -> None:
    state = host(packages="@dpkg\nrc |nvidia-smi|amd64|1\n@architecture\namd64")
    assert not state.packages["nvidia-smi"].installed
    assert state.package_manager.half_configured == ()


def test_package_that_asks_for_reinstallation_counts_as_broken() -> None:
    state = host(packages="@dpkg\niiR|nvidia-smi|amd64|1\n@architecture\namd64")
    assert state.package_manager.half_configured == ("nvidia-smi iiR",)


def test_rpm_host_keeps_every_installed_kernel() -> None:
    state = host(packages="@rpm\nii |kernel|x86_64|0:5.14-1|R\nii |kernel|x86_64|0:5.14-2|R")
    assert set(state.packages) == {"kernel", "kernel-5.14-2.x86_64"}
    assert state.package_manager.kind == "dnf"
    assert state.package_manager.broken is None


def test_upgrades_are_unattended_only_with_package_and_setting() -> None:
    periodic = '@periodic\nAPT::Periodic::Unattended-Upgrade "{}";\n'
    package = "@dpkg\nii |unattended-upgrades|all|2.9\n@architecture\namd64\n"
    assert host(packages=package + periodic.format(1)).package_manager.unattended_upgrades is True
    assert host(packages=package + periodic.format(0)).package_manager.unattended_upgrades is False
    assert (
        host(packages="@dpkg\n" + periodic.format(1)).package_manager.unattended_upgrades is False
    )


def test_age_of_lists_counts_from_the_last_update() -> None:
    state = host(
        packages="@dpkg\n@now\n1000\n@lists\n100\n400\n"
        "@indexes\n/var/lib/apt/lists/a_dists_b_main_binary-amd64_Packages"
    )
    assert state.package_manager.lists_age_s == 600


DPKG = """\
Package: done
Status: install ok installed

Package: held
Status: hold ok installed

Package: removed
Status: deinstall ok config-files

Package: purged
Status: purge ok not-installed

Package: unpacked
Status: install ok unpacked

Package: half-configured
Status: install ok half-configured

Package: half-installed
Status: install reinstreq half-installed

Package: waits
Status: install ok triggers-awaited
Triggers-Awaited: done

Package: pending
Status: install ok triggers-pending
Triggers-Pending: /usr/share/icons

Package: again
Status: install reinstreq installed

Package: going
Status: deinstall ok installed

Package: held-broken
Status: hold reinstreq half-configured
"""
SETTLED = {"done", "held", "removed", "purged", "going"}


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="dpkg judges")
def test_state_of_each_package_is_the_one_that_dpkg_means(tmp_path: Path) -> None:
    stanzas = DPKG.replace("\nStatus", "\nVersion: 1:2.3-4\nArchitecture: all\nStatus")
    described = re.sub(r"(?m)^(Status.*)$", r"\1\nMaintainer: x <x@x>\nDescription: x", stanzas)
    (tmp_path / "status").write_text(described)
    for name in ("info", "updates", "triggers"):
        (tmp_path / name).mkdir()
    (tmp_path / "info/format").write_text("1\n")
    query = "${db:Status-Abbrev}|${Package}|${Architecture}|${Version}\n"
    listed = subprocess.run(
        ["dpkg-query", f"--admindir={tmp_path}", "-W", "-f", query],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = set(re.findall(r"(?m)^Package: (\S+)", DPKG))
    state = host(packages=f"@dpkg\n{listed}@architecture\namd64\n")
    assert names - {"purged"} <= set(state.packages) <= names
    broken = {line.split()[0] for line in state.package_manager.half_configured}
    assert broken == names - SETTLED
    assert set(state.package_manager.holds) == {"held", "held-broken"}


def test_launchpad_archive_is_named_as_such() -> None:
    line = "deb https://ppa.launchpadcontent.net/graphics-drivers/ppa/ubuntu jammy main"
    manager = host(sources=f"@/etc/apt/sources.list.d/g.list\n{line}").package_manager
    assert manager.ppas == ("https://ppa.launchpadcontent.net/graphics-drivers/ppa/ubuntu",)


def test_waiting_process_holds_no_lock() -> None:
    state = host(
        locks="@stat\n77|/var/lib/dpkg/lock\n"
        "@proc\n1: POSIX  ADVISORY  WRITE 10 fe:00:77 0 EOF\n"
        "1: -> POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF\n"
        "2: FLOCK  ADVISORY  WRITE 12 fe:00:77 0 EOF\n"
        "@commands\n10|apt-get upgrade \n11|apt install x "
    )
    (lock,) = state.package_manager.locks
    assert (lock.pid, lock.command) == (10, "apt-get upgrade")


def test_holder_in_another_namespace_is_still_reported() -> None:
    state = host(
        locks="@stat\n77|/var/lib/dpkg/lock\n@proc\n1: POSIX  ADVISORY  WRITE 0 fe:00:77 0 EOF"
    )
    assert "cannot be seen" in state.package_manager.locks[0].command
