"""The driver is whole: a module for every kernel that can boot, and libraries of its version."""

from __future__ import annotations

import pytest

from stacks.model.plan import DriverPlan
from tasks.driver import persistence
from tasks.driver.state import library_version
from tests.acceptance.subject import Subject

LICENCES = {"proprietary": "NVIDIA", "open": "Dual MIT/GPL"}
"""``modinfo -F license`` by flavour (MODULE_LICENSE in NVIDIA/open-gpu-kernel-modules)."""


@pytest.fixture(scope="session")
def modules(host: Subject, driver: DriverPlan) -> dict[str, str]:
    """The module file that modprobe would load, by bootable kernel.

    Debian's package calls it ``nvidia-current.ko`` and leads modprobe there by an ``install`` line,
    which modinfo does not follow.
    """
    found = {}
    for kernel in host.kernels:
        names = "-name 'nvidia.ko*' -o -name 'nvidia-current.ko*'"
        files = host.lines(f"find /lib/modules/{kernel} {names}")
        assert len(files) == 1, f"modules for {kernel}: {files or 'none'}"
        found[kernel] = files[0]
    return found


@pytest.fixture(scope="session")
def libraries(host: Subject, driver: DriverPlan) -> str:
    """Version of the driver's user-space libraries."""
    version = library_version(host.state)
    assert version, "the loader finds neither libnvidia-ml.so.1 nor libcuda.so.1"
    return version


@pytest.fixture
def loaded(host: Subject, driver: DriverPlan) -> str:
    """Version of the loaded module, for checks that need one."""
    if not host.state.driver.loaded:
        pytest.skip(f"{host.name}: no driver is loaded")
    return host.state.driver.loaded


def modinfo(host: Subject, modules: dict[str, str], field: str) -> dict[str, str]:
    """One field of each kernel's module."""
    return {k: host.run(f"modinfo -F {field} {path}").strip() for k, path in modules.items()}


def test_packages_are_installed(host: Subject, driver: DriverPlan) -> None:
    wanted = {*driver.packages, *driver.headers}
    assert {name for name in wanted if not host.has_package(name)} == set()


def test_every_bootable_kernel_has_its_headers(host: Subject, driver: DriverPlan) -> None:
    if driver.modules == "precompiled":
        pytest.skip(f"{host.name}: its modules come ready from the archive")
    for kernel in host.kernels:
        assert host.shell.file(f"/lib/modules/{kernel}/build/Makefile").exists, kernel


def test_next_boot_has_a_module(host: Subject, modules: dict[str, str]) -> None:
    assert host.state.kernels.next_boot in modules, host.state.kernels.next_boot_why


def test_module_is_of_the_planned_branch(
    host: Subject, driver: DriverPlan, modules: dict[str, str]
) -> None:
    found = set(modinfo(host, modules, "version").values())
    assert {v.split(".")[0] for v in found} == {driver.branch}
    assert not driver.versions or found == {driver.version}


def test_module_is_of_the_planned_flavour(
    host: Subject, driver: DriverPlan, modules: dict[str, str]
) -> None:
    assert set(modinfo(host, modules, "license").values()) == {LICENCES[driver.flavour]}


def test_module_is_built_for_its_kernel(host: Subject, modules: dict[str, str]) -> None:
    built_for = {k: v.split()[0] for k, v in modinfo(host, modules, "vermagic").items()}
    assert built_for == {kernel: kernel for kernel in modules}


def test_module_is_of_the_libraries_version(
    host: Subject, modules: dict[str, str], libraries: str
) -> None:
    assert modinfo(host, modules, "version") == dict.fromkeys(modules, libraries)


def test_libraries_are_of_one_version(host: Subject, libraries: str) -> None:
    names = "/lib(cuda|nvidia-ml|nvidia-ptxjitcompiler)[.]so[.]1$"
    paths = host.lines(f"ldconfig -p | sed -n 's,.*=> ,,p' | grep -E '{names}'")
    real = host.lines(f"readlink -f {' '.join(paths)}")
    assert {path.rpartition(".so.")[2] for path in real} == {libraries}, real


def test_dkms_has_installed_every_module(
    host: Subject, driver: DriverPlan, modules: dict[str, str]
) -> None:
    if driver.modules != "dkms":
        pytest.skip(f"{host.name}: its driver is not built by DKMS")
    for kernel in modules:
        status = host.lines(f"dkms status -k {kernel}")
        assert any("nvidia" in s and s.endswith(": installed") for s in status), status


def test_loaded_module_is_of_the_libraries_version(
    host: Subject, loaded: str, libraries: str
) -> None:
    assert f" {libraries} " in host.run("cat /proc/driver/nvidia/version")


def test_nvidia_smi_sees_every_gpu_of_the_bus(host: Subject, loaded: str, libraries: str) -> None:
    versions = host.lines("nvidia-smi --query-gpu=driver_version --format=csv,noheader")
    assert versions == [libraries] * len(host.state.gpus)


def test_nouveau_is_blacklisted(host: Subject, driver: DriverPlan) -> None:
    settings = host.lines("modprobe --showconfig")
    assert "blacklist nouveau" in settings
    assert "options nouveau modeset=0" in settings


def test_initramfs_with_nouveau_has_the_blacklist_too(host: Subject, driver: DriverPlan) -> None:
    if not host.has("lsinitramfs"):
        pytest.skip(f"{host.name}: no lsinitramfs")
    for kernel in host.kernels:
        image = f"/boot/initrd.img-{kernel}"
        inside = host.lines(f"! test -e {image} || lsinitramfs {image}")
        if any(path.rsplit("/", 1)[-1].startswith("nouveau.ko") for path in inside):
            assert "etc/modprobe.d/gpuwright-nouveau.conf" in inside


def test_persistence_is_enabled(host: Subject, driver: DriverPlan) -> None:
    if not persistence.brought_by(driver):
        pytest.skip(f"{host.name}: its plan has no persistence daemon")
    service = host.shell.service("nvidia-persistenced")
    assert service.is_enabled
    assert service.is_running is bool(host.state.driver.loaded)
