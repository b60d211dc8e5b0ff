"""The repository doubles offer what plans ask for, and what they must not offer is not there."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from sandbox.doubles import names, ubuntu_drivers
from sandbox.doubles.deb import Deb
from sandbox.doubles.names import Release
from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import Plan
from stacks.requests import with_requests
from stacks.resolve import resolve

FOLDERS = {
    "ubuntu-20.04": "ubuntu2004",
    "ubuntu-22.04": "ubuntu2204",
    "ubuntu-24.04": "ubuntu2404",
    "ubuntu-26.04": "ubuntu2604",
    "debian-12": "debian12",
    "debian-13": "debian13",
}


def plan(os_name: str, branch: str, flavour: str, gpu: str) -> Plan:
    """The plan for such a host with NVIDIA's driver, without torch."""
    requests = {"driver_origin": "nvidia", "driver_branch": branch, "driver_flavour": flavour}
    stack = with_requests(load_stack("pytorch-2.9"), {**requests, "without": ["torch", "cuda"]})
    if os_name in ("ubuntu-20.04", "ubuntu-22.04"):
        stack = with_requests(load_stack("pytorch-2.9"), {**requests, "without": ["torch"]})
    found = resolve(stack, HostProfile(os_name, "x86_64", (Gpu(gpu),)), load_catalog())
    assert found.plan, found.conflicts
    return found.plan


def offers(distribution: str) -> dict[str, set[str]]:
    """Package name to versions, as the double has them at first."""
    packages = names.others(distribution)
    for release in names.releases(distribution):
        packages += names.driver(distribution, release)
    found: dict[str, set[str]] = {}
    for package in packages:
        found.setdefault(package.name, set()).add(package.version)
    return found


@pytest.mark.parametrize(
    ("os_name", "branch"),
    [(os_name, "580") for os_name in FOLDERS if os_name != "ubuntu-26.04"]
    + [
        (os_name, branch)
        for os_name in FOLDERS
        for branch in ("535", "570", "595")
        if os_name.startswith("ubuntu") and (branch == "595" or os_name != "ubuntu-26.04")
    ],
)
@pytest.mark.parametrize("flavour", ["open", "proprietary"])
def test_double_has_every_package_and_version_of_a_plan(
    os_name: str, branch: str, flavour: str
) -> None:
    there = offers(FOLDERS[os_name])
    made = plan(os_name, branch, flavour, "a100")
    assert made.driver and made.driver.origin == "nvidia"
    wanted = dict(made.driver.versions) | dict.fromkeys(made.driver.pinning, "*")
    for part in (made.cuda, made.cudnn):
        wanted |= dict(part.versions) if part else {}
    assert wanted
    lacking = {
        name: pattern
        for name, pattern in wanted.items()
        if not any(fnmatchcase(version, pattern) for version in there.get(name, ()))
    }
    assert lacking == {}


@pytest.mark.parametrize("distribution", ["ubuntu2404", "debian12", "debian13"])
def test_newer_distributions_have_no_cuda_11_8_and_no_cudnn_8(distribution: str) -> None:
    there = offers(distribution)
    assert "cuda-12-8" in there
    assert [name for name in there if "11-8" in name or name.startswith("libcudnn8")] == []


def test_ubuntu_26_04_begins_with_branch_595() -> None:
    assert {release.branch for release in names.releases("ubuntu2604")} == {"595"}
    assert not [name for name in offers("ubuntu2604") if "11-8" in name or "cudnn8" in name]


def test_ubuntu_names_lose_the_branch_at_590() -> None:
    old = {p.name for p in names.driver("ubuntu2204", Release("580.178.04"))}
    new = {p.name for p in names.driver("ubuntu2204", Release("590.48.01"))}
    assert {"nvidia-dkms-580-open", "libnvidia-compute-580", "cuda-drivers-580"} <= old
    assert {"nvidia-dkms-open", "libnvidia-compute", "cuda-drivers"} <= new
    assert not [name for name in new if name.endswith("-590") and "pinning" not in name]


def test_metapackage_cuda_pulls_a_driver() -> None:
    packages = {p.name: p.fields.get("Depends", "") for p in names.others("ubuntu2204")}
    assert "cuda-runtime-11-8" in packages["cuda-11-8"]
    assert "cuda-drivers" in packages["cuda-runtime-11-8"]
    assert "libtinfo5" in packages["nsight-systems-2022.4.2"]


def test_open_and_proprietary_source_differ_in_licence_only() -> None:
    made = {p.name: p for p in names.driver("ubuntu2204", Release("580.178.04"))}
    path = "/usr/src/nvidia-580.178.04/nvidia.c"
    proprietary = made["nvidia-kernel-source-580"].files[path].text
    opened = made["nvidia-kernel-source-580-open"].files[path].text
    assert '#define GW_LICENSE "NVIDIA"' in proprietary
    assert '#define GW_LICENSE "Dual MIT/GPL"' in opened


def test_every_package_says_that_it_is_a_stand_in() -> None:
    packages = names.others("ubuntu2204") + names.driver("ubuntu2204", Release("580.178.04"))
    assert [p.name for p in packages if "stand-in" not in p.control] == []


def test_epoch_is_not_in_the_file_name() -> None:
    assert Deb("a", "1:2.0-1").filename == "a_2.0-1_amd64.deb"


def test_prebuilt_modules_are_for_their_kernel() -> None:
    rows = [{"version": "580.178.04", "name": "580-server"}]
    made = ubuntu_drivers.drivers("ubuntu-22.04", rows, {"generic": ["5.15.0-160-generic"]})
    found = {p.name: p for p in made}
    meta = found["linux-modules-nvidia-580-server-open-generic"]
    assert meta.fields["Depends"] == "linux-modules-nvidia-580-server-open-5.15.0-160-generic"
    files = found[meta.fields["Depends"]].files
    (module,) = [f for path, f in files.items() if path.endswith("/nvidia.ko")]
    assert '"vermagic=5.15.0-160-generic ' in module.text
    assert '"license=Dual MIT/GPL"' in module.text
