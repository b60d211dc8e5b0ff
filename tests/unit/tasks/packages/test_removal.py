"""Packages taken out by name: what rpm is told. What apt is told is tried in `tasks/removal`."""

from __future__ import annotations

from facts.removal_model import Installed
from tasks.packages.removal import erased, purged
from tests.plain_shell import assert_plain


def test_rpm_is_told_versions_and_architectures() -> None:
    goes = [
        Installed("kernel-devel.x86_64 5.14-1.el9", "5.14-1.el9"),
        Installed("gpg-pubkey.(none) d42d0685-62589a51", "d42d0685-62589a51"),
        Installed("nvidia-driver.x86_64", "580.1-1.el9"),
    ]
    last = erased(goes, "/var/paths").splitlines()[-1]
    assert last == (
        "rpm -e gpg-pubkey-d42d0685-62589a51 kernel-devel-5.14-1.el9.x86_64 "
        "nvidia-driver-580.1-1.el9.x86_64"
    )


def test_both_are_plain_shell() -> None:
    goes = [Installed("libcuda1:amd64", "1")]
    assert_plain(f"set -eu\n{purged(goes, '/var/paths')}", "SC2086")
    assert_plain(f"set -eu\n{erased(goes, '/var/paths')}")
