"""The driver is whole: a module for every kernel that can boot, and libraries of its version."""

from __future__ import annotations

import pytest

from tasks import findings
from tests.acceptance.subject import Subject

LICENCES = {"proprietary": {"NVIDIA"}, "open": {"Dual MIT/GPL"}}
"""``modinfo -F license`` by flavour (NVIDIA/open-gpu-kernel-modules, ``MODULE_LICENSE``)."""


def modinfo(host: Subject, kernel: str, field: str) -> str:
    """One field of the module that modprobe would load under this kernel.

    Debian's package calls the file ``nvidia-current.ko`` and leads modprobe there by an ``install``
    line, which modinfo does not follow.
    """
    files = f"find /lib/modules/{kernel} -name 'nvidia.ko*' -o -name 'nvidia-current.ko*'"
    found = host.lines(files)
    assert len(found) == 1, f"modules for {kernel}: {found or 'none'}"
    return host.run(f"modinfo -F {field} {found[0]}").strip()


def test_packages_are_installed(host: Subject) -> None:
    wanted = [*host.driver.packages, *host.driver.headers]
    for name in wanted:
        assert host.shell.package(name).is_installed, f"{name} is not installed"


def test_module_of_the_libraries_version_for_every_bootable_kernel(host: Subject) -> None:
    assert host.driver
    libraries = findings.library_version(host.state)
    versions = {kernel: modinfo(host, kernel, "version") for kernel in host.kernels}
    assert versions == dict.fromkeys(host.kernels, libraries)


def test_module_is_of_the_planned_branch(host: Subject) -> None:
    for kernel in host.kernels if host.driver else []:
        assert modinfo(host, kernel, "version").split(".")[0] == host.driver.branch


def test_module_is_of_the_planned_flavour(host: Subject) -> None:
    licences = {modinfo(host, kernel, "license") for kernel in host.kernels if host.driver}
    assert licences == LICENCES[host.driver.flavour]


def test_module_is_built_for_its_kernel(host: Subject) -> None:
    for kernel in host.kernels if host.driver else []:
        assert modinfo(host, kernel, "vermagic").split()[0] == kernel


def test_next_boot_has_a_module(host: Subject) -> None:
    assert host.driver
    assert host.state.kernels.next_boot in host.kernels, host.state.kernels.next_boot_why


def test_dkms_knows_every_build(host: Subject) -> None:
    if not any("dkms" in package for package in host.driver.packages):
        pytest.skip("the plan's driver is not built by DKMS")
    for kernel in host.kernels:
        status = host.lines(f"dkms status -k {kernel}")
        assert any("nvidia" in s and s.endswith(": installed") for s in status), status


def test_user_space_libraries_are_of_one_version(host: Subject) -> None:
    assert host.driver
    paths = host.lines(
        "ldconfig -p | sed -n 's,.*=> ,,p' | grep -E '/lib(cuda|nvidia-ml)[.]so[.]1$'"
    )
    real = {host.run(f"readlink -f {path}").strip() for path in paths}
    versions = {path.rpartition(".so.")[2] for path in real}
    assert versions == {findings.library_version(host.state)}, real


def test_loaded_module_is_of_the_libraries_version(host: Subject) -> None:
    if not (host.driver and host.state.driver.loaded):
        pytest.skip(f"no driver is loaded on {host.name}")
    told = host.run("cat /proc/driver/nvidia/version")
    assert f" {findings.library_version(host.state)} " in told


def test_nouveau_is_blacklisted(host: Subject) -> None:
    assert host.driver
    settings = host.lines("modprobe --showconfig")
    assert "blacklist nouveau" in settings
    assert "options nouveau modeset=0" in settings


def test_initramfs_that_has_nouveau_has_the_blacklist_too(host: Subject) -> None:
    if not (host.driver and host.has("lsinitramfs")):
        pytest.skip("this host has no lsinitramfs")
    for kernel in host.kernels:
        image = f"/boot/initrd.img-{kernel}"
        script = (
            f"! test -e {image} || lsinitramfs {image} | grep -E 'nouveau.*[.](ko|conf)' || true"
        )
        inside = host.lines(script)
        if any(".ko" in path for path in inside):
            assert "etc/modprobe.d/gpuwright-nouveau.conf" in inside


def test_persistence_is_enabled(host: Subject) -> None:
    if "nvidia-persistenced" not in host.driver.packages:
        pytest.skip("the plan has no persistence daemon")
    service = host.shell.service("nvidia-persistenced")
    assert service.is_enabled
    if host.state.driver.loaded:
        assert service.is_running
