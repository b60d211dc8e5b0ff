"""Origin NVIDIA: which repository, which packages in which versions, and nothing besides."""

from __future__ import annotations

import fnmatch

import pytest

from stacks.load import StackError
from stacks.model.host import Gpu
from stacks.model.plan import Plan
from tests.unit.stacks.hosts import host, noticed, planned, refused

UBUNTU = "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64/"
OLD_KEY = "EB693B3035CD5710E231E123A4B469963BF863CC"
RPM_KEY = "610C7B14E068A878070DA4E99CD0A493D42D0685"
TRUSTED = {"nvidia": ("0123456789ABCDEF0123456789ABCDEF01234567",)}
"""A key that host data name."""


def taken(plan: Plan) -> set[str]:
    """Names that the plan takes from NVIDIA's repository."""
    names: set[str] = set()
    for part in (plan.driver, plan.cuda, plan.cudnn):
        if part is not None and part.origin == "nvidia":
            names |= {*part.packages}
    if plan.driver is not None:
        names |= {*plan.driver.pinning}
    return names


@pytest.mark.parametrize(
    ("os", "arch", "folder", "key"),
    [
        ("ubuntu-20.04", "x86_64", "ubuntu2004/x86_64", OLD_KEY),
        ("ubuntu-22.04", "aarch64", "ubuntu2204/sbsa", OLD_KEY),
        ("ubuntu-24.04", "x86_64", "ubuntu2404/x86_64", OLD_KEY),
        ("debian-12", "x86_64", "debian12/x86_64", OLD_KEY),
        ("debian-13", "x86_64", "debian13/x86_64", "02182E60104FCDC26EAE1B8597A5D4CB8793F200"),
        ("rocky-8", "x86_64", "rhel8/x86_64", RPM_KEY),
        ("almalinux-9", "aarch64", "rhel9/sbsa", RPM_KEY),
        ("ubuntu-26.04", "x86_64", "ubuntu2604/x86_64", "14BAFBC7562AD710CA04E69905FBB6DA60DF8A40"),
        ("ubuntu-26.04", "aarch64", "ubuntu2604/sbsa", "14BAFBC7562AD710CA04E69905FBB6DA60DF8A40"),
    ],
)
def test_repository_of_each_distribution_with_its_pinned_key(
    os: str, arch: str, folder: str, key: str
) -> None:
    plan = planned(host(os, "a100", arch=arch), driver_origin="nvidia", without=["cuda", "torch"])
    (source,) = plan.repositories
    assert source.address.endswith(f"/repos/{folder}/")
    assert source.fingerprints == (key,)
    assert source.key.removesuffix(".pub").upper() == key[-8:]
    assert source.kind == ("dnf" if "rhel" in folder else "apt")


@pytest.mark.parametrize("os", ["rhel-10", "rocky-10", "almalinux-10"])
def test_repository_whose_key_s_fingerprint_nobody_knows_is_refused(os: str) -> None:
    told = refused("REPO-KEY-UNKNOWN", host(os, "h100"))
    assert "CDF6BA43.pub" in told.why
    near = told.remedies[0].partition("--os ")[2].split()[0]
    assert near == os.replace("-10", "-9")
    assert planned(host(near, "h100")).repositories


def test_such_a_repository_is_taken_with_the_key_that_host_data_name() -> None:
    (source,) = planned(host("rhel-10", "h100", fingerprints=TRUSTED)).repositories
    assert source.address.endswith("/rhel10/x86_64/")
    assert source.fingerprints == TRUSTED["nvidia"]


def test_mirror_of_another_folder_has_that_folder_s_key() -> None:
    mirror = {"nvidia": "https://mirror.example.org/rhel9/x86_64/"}
    (source,) = planned(host("rhel-10", "h100", indexes=mirror)).repositories
    assert source.fingerprints == (RPM_KEY,)


def test_every_package_that_is_planned_may_be_taken_and_the_traps_may_not() -> None:
    plan = planned(host("ubuntu-22.04", *["h100"] * 8, nvswitch=True))
    patterns = plan.repositories[0].packages
    assert all(any(fnmatch.fnmatchcase(name, p) for p in patterns) for name in taken(plan))
    for trap in ("cuda", "cuda-toolkit-12-8", "nsight-systems-2022.4.2", "libcudnn9-cuda-12"):
        assert not any(fnmatch.fnmatchcase(trap, p) for p in patterns), trap


def test_no_repository_where_nothing_is_taken_from_it() -> None:
    assert planned(host("debian-12", "a100"), driver_origin="debian").repositories == ()


def test_repository_for_cuda_alone_takes_no_driver() -> None:
    plan = planned(host("ubuntu-22.04", "a100"), driver_origin="ubuntu")
    patterns = plan.repositories[0].packages
    assert "cuda-*-11-8" in patterns
    assert not any(fnmatch.fnmatchcase("nvidia-dkms-580", p) for p in patterns)


def test_mirror_replaces_the_base_and_its_own_key_the_catalogue_s() -> None:
    profile = host(
        "ubuntu-22.04",
        "a100",
        indexes={"nvidia": "https://mirror.example.org/cuda/repos"},
        fingerprints={"nvidia": ("AB" * 20,)},
    )
    (source,) = planned(profile).repositories
    assert source.address == "https://mirror.example.org/cuda/repos/ubuntu2204/x86_64/"
    assert source.fingerprints == ("AB" * 20,)


def test_mirror_without_fingerprints_keeps_nvidia_s_key() -> None:
    profile = host("ubuntu-22.04", "a100", indexes={"nvidia": "https://mirror.example.org/"})
    assert planned(profile).repositories[0].fingerprints == (OLD_KEY,)


def test_branch_stands_in_the_names_until_580_and_not_from_590_on() -> None:
    before = planned(host("ubuntu-24.04", "a100")).driver
    after = planned(host("ubuntu-24.04", "a100"), driver_branch="595").driver
    assert before is not None and after is not None
    assert {"nvidia-dkms-580-open", "libnvidia-compute-580"} <= set(before.packages)
    assert {"nvidia-dkms-open", "libnvidia-compute"} <= set(after.packages)
    assert (before.pinning, after.pinning) == (
        ("nvidia-driver-pinning-580",),
        ("nvidia-driver-pinning-595",),
    )


def test_every_driver_package_has_the_exact_version_and_is_held() -> None:
    driver = planned(host("ubuntu-22.04", "a100")).driver
    assert driver is not None
    assert set(driver.versions) == set(driver.packages)
    assert set(driver.versions.values()) == {"580.178.04-*"}
    for name in (*driver.packages, *driver.pinning):
        assert any(fnmatch.fnmatchcase(name, p) for p in driver.held), name


@pytest.mark.parametrize("name", ["libnvidia-container1", "nvidia-container-toolkit"])
@pytest.mark.parametrize("os", ["ubuntu-22.04", "debian-12", "rocky-9"])
def test_container_toolkit_is_no_part_of_the_driver_s_set(os: str, name: str) -> None:
    driver = planned(host(os, "a100"), driver_origin="nvidia", without=["torch"]).driver
    assert driver is not None
    assert not any(fnmatch.fnmatchcase(name, p) for p in driver.held)


def test_exact_version_is_followed_in_every_package() -> None:
    driver = planned(host("ubuntu-22.04", "a100"), driver_version="580.159.04").driver
    assert driver is not None
    assert (driver.branch, driver.version) == ("580", "580.159.04")
    assert set(driver.versions.values()) == {"580.159.04-*"}


@pytest.mark.parametrize("version", ["580", "580.", "580.*", "580.159.04-1"])
def test_what_is_no_version_is_refused(version: str) -> None:
    refused("DRIVER-NONE", host("ubuntu-22.04", "a100"), driver_version=version)


def test_version_with_a_command_behind_it_is_refused_before_any_rule_reads_it() -> None:
    with pytest.raises(StackError, match="driver_version"):
        refused("DRIVER-NONE", host("ubuntu-22.04", "a100"), driver_version="580.159.04; reboot")


def test_exact_version_of_an_unknown_branch_is_refused() -> None:
    conflict = refused("DRIVER-NONE", host("ubuntu-22.04", "a100"), driver_version="400.1.2")
    assert "version 400.1.2" in conflict.what


@pytest.mark.parametrize(
    ("os", "gpu", "first", "stream"),
    [
        ("rocky-8", "a100", "kmod-nvidia-open-dkms", "nvidia-driver:580-open"),
        ("rocky-9", "v100", "kmod-nvidia-latest-dkms", "nvidia-driver:580-dkms"),
        ("rhel-10", "b200", "kmod-nvidia-open-dkms", ""),
    ],
)
def test_red_hat_family_takes_the_flavour_s_stream(
    os: str, gpu: str, first: str, stream: str
) -> None:
    driver = planned(host(os, gpu, fingerprints=TRUSTED), without=["cuda"]).driver
    assert driver is not None
    assert (driver.packages[0], driver.stream, driver.pinning) == (first, stream, ())
    assert driver.headers == ("kernel-devel",)


def test_debian_takes_the_compute_only_set() -> None:
    driver = planned(host("debian-12", "b200"), without=["cuda"], driver_origin="nvidia").driver
    assert driver is not None
    assert driver.packages[0] == "nvidia-kernel-open-dkms"
    assert {"nvidia-driver-cuda", "firmware-nvidia-gsp", "nvidia-persistenced"} <= set(
        driver.packages
    )


def test_fabric_manager_of_the_driver_s_version_where_an_nvswitch_is_on_the_bus() -> None:
    driver = planned(host("ubuntu-22.04", *["h100"] * 8, nvswitch=True)).driver
    assert driver is not None
    assert driver.fabric_manager == "nvidia-fabricmanager"
    assert driver.versions["nvidia-fabricmanager"] == "580.178.04-*"
    assert "nvidia-fabricmanager" in driver.packages


def test_fabric_manager_carries_the_branch_before_580() -> None:
    profile = host("ubuntu-22.04", *["h100"] * 8, nvswitch=True)
    driver = planned(profile, driver_branch="535").driver
    assert driver is not None
    assert driver.fabric_manager == "nvidia-fabricmanager-535"


def test_eight_sxm_modules_are_a_board_although_no_switch_shows() -> None:
    gpus = tuple(Gpu(None, pci_id="2330") for _ in range(8))
    driver = planned(host("ubuntu-22.04", gpus=gpus)).driver
    assert driver is not None
    assert driver.fabric_manager


def test_blackwell_board_is_told_of_its_subnet_manager() -> None:
    gpus = tuple(Gpu(None, pci_id="2901") for _ in range(8))
    plan = planned(host("ubuntu-24.04", gpus=gpus), without=["cuda"])
    assert plan.driver is not None and plan.driver.fabric_manager == "nvidia-fabricmanager"
    assert "nvlsm" in noticed("FABRIC-MANAGER", plan).remedy


def test_eight_pcie_cards_are_no_board_but_worth_a_word() -> None:
    gpus = tuple(Gpu(None, pci_id="2331") for _ in range(8))
    plan = planned(host("ubuntu-22.04", gpus=gpus))
    assert plan.driver is not None and plan.driver.fabric_manager == ""
    noticed("FABRIC-MANAGER", plan)


def test_debian_s_archive_has_no_fabric_manager_and_the_plan_says_where_there_is_one() -> None:
    plan = planned(host("debian-12", *["h100"] * 8, nvswitch=True), driver_origin="debian")
    assert "driver=nvidia" in noticed("FABRIC-MANAGER", plan).remedy


@pytest.mark.parametrize("os", ["ubuntu-20.04", "ubuntu-22.04", "rocky-8", "rocky-9"])
def test_cuda_11_8_comes_in_small_packages_of_exact_versions(os: str) -> None:
    cuda = planned(host(os, "a100"), without=["torch"]).cuda
    assert cuda is not None
    assert cuda.origin == "nvidia"
    assert cuda.versions["cuda-nvcc-11-8"] == "11.8.89-1"
    assert set(cuda.versions) == set(cuda.packages)
    assert not {"cuda", "cuda-11-8", "cuda-toolkit-11-8", "cuda-drivers"} & set(cuda.packages)
    for name in cuda.packages:
        assert any(fnmatch.fnmatchcase(name, p) for p in cuda.held), name


@pytest.mark.parametrize("os", ["ubuntu-24.04", "ubuntu-26.04", "debian-13", "rhel-10"])
def test_cuda_11_8_is_redist_where_the_repository_has_none_and_the_reason_says_so(os: str) -> None:
    plan = planned(host(os, "a100", fingerprints=TRUSTED), driver_origin="nvidia")
    assert plan.cuda is not None
    assert plan.cuda.origin == "redist"
    assert any("NVIDIA's" in r.why for r in plan.reasons if r.subject == "cuda")


@pytest.mark.parametrize(
    "said",
    [{"driver_origin": "nvidia"}, {"driver_branch": "580"}, {"driver_version": "580.159.04"}],
)
def test_archive_s_toolkit_is_not_mixed_with_nvidia_s_driver(said: dict[str, str]) -> None:
    plan = planned(host("debian-12", "a100"), **said)
    assert plan.driver is not None and plan.cuda is not None
    assert (plan.driver.origin, plan.cuda.origin) == ("nvidia", "redist")


def test_toolkit_packages_that_other_toolkits_share_are_not_held() -> None:
    cuda = planned(host("ubuntu-22.04", "a100")).cuda
    assert cuda is not None
    assert not any(fnmatch.fnmatchcase("cuda-toolkit-config-common", p) for p in cuda.held)


@pytest.mark.parametrize("os", ["ubuntu-20.04", "ubuntu-22.04"])
def test_cudnn_8_comes_beside_it_by_exact_version(os: str) -> None:
    cudnn = planned(host(os, "a100"), without=["torch"]).cudnn
    assert cudnn is not None
    assert (cudnn.origin, cudnn.packages) == ("nvidia", ("libcudnn8", "libcudnn8-dev"))
    assert set(cudnn.versions.values()) == {"8.9.7.29-1+cuda11.8"}


@pytest.mark.parametrize("os", ["ubuntu-24.04", "rocky-9"])
def test_cudnn_is_a_wheel_where_the_repository_is_not_known_to_have_it(os: str) -> None:
    cudnn = planned(host(os, "a100")).cudnn
    assert cudnn is not None
    assert cudnn.origin == "wheels"
