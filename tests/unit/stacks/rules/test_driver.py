"""Rules about the driver: generations, flavours, floors, pockets, kernels, what is there."""

from __future__ import annotations

import pytest

from stacks.model.host import InstalledDriver
from tests.unit.stacks.hosts import host, noticed, planned, refused

PRE_TURING = ("m60", "gtx1080ti", "p100", "v100")
BPO = "7.2.12+deb13-amd64"


@pytest.mark.parametrize("gpu", PRE_TURING)
def test_pre_turing_gets_the_proprietary_module_and_no_branch_above_580(gpu: str) -> None:
    driver = planned(host("ubuntu-22.04", gpu)).driver
    assert driver is not None
    assert driver.flavour == "proprietary"
    assert int(driver.branch) <= 580


def test_pre_turing_refuses_the_open_module() -> None:
    conflict = refused("FLAVOUR-GPU", host("debian-12", "v100"), driver_flavour="open")
    assert "driver_flavour: proprietary" in " ".join(conflict.remedies)


def test_blackwell_open_is_required_and_planned() -> None:
    driver = planned(host("ubuntu-24.04", "b200"), without=["cuda"]).driver
    assert driver is not None
    assert driver.flavour == "open"


def test_blackwell_open_refuses_the_proprietary_module() -> None:
    conflict = refused(
        "FLAVOUR-GPU",
        host("ubuntu-24.04", "b200"),
        without=["cuda"],
        driver_flavour="proprietary",
    )
    assert "--flavour open" in " ".join(conflict.remedies)


def test_blackwell_open_holds_for_grace_hopper_too() -> None:
    driver = planned(host("ubuntu-22.04", "gh200", arch="aarch64")).driver
    assert driver is not None
    assert driver.flavour == "open"


def test_mixed_v100_and_b200_fit_no_module() -> None:
    conflict = refused("FLAVOUR-MIXED", host("ubuntu-24.04", "v100", "b200"), without=["cuda"])
    assert "V100" in conflict.what and "B200" in conflict.what


@pytest.mark.parametrize("os", ["debian-12", "debian-13"])
def test_blackwell_driver_is_not_in_debian_s_archive(os: str) -> None:
    conflict = refused("DRIVER-GPU", host(os, "b200"), without=["cuda"], driver_origin="debian")
    assert "570" in conflict.why
    assert "driver=nvidia" in conflict.remedies[0]


def test_blackwell_driver_from_nvidia_on_debian_is_carried_out_on_a_double() -> None:
    plan = planned(
        host("debian-12", "b200"), without=["cuda"], driver_origin="nvidia", driver_branch="580"
    )
    assert plan.driver is not None and plan.torch is not None
    assert (plan.driver.branch, plan.driver.flavour) == ("580", "open")
    assert plan.driver.floor == "570"
    assert plan.torch.variant in ("cu128", "cu130")
    assert plan.support == "double"


def test_kepler_gets_470_where_a_stack_serves_it() -> None:
    driver = planned(host("debian-12", "k80"), "pytorch-2.7-cu118").driver
    assert driver is not None
    assert driver.branch == "470"
    assert "nvidia-tesla-470-kernel-dkms" in driver.packages


def test_kepler_beside_ada_is_refused_for_no_branch_knows_both() -> None:
    refused("DRIVER-GPU", host("debian-12", "k80", "l4"), "pytorch-2.7-cu118")


def test_driver_floor_refuses_cu130_on_debian_s_535() -> None:
    conflict = refused(
        "DRIVER-FLOOR", host("debian-12", "a100"), torch_variant="cu130", driver_origin="debian"
    )
    assert "580.65.06" in conflict.why and "535.309.01" in conflict.why


def test_driver_floor_has_no_upper_bound() -> None:
    driver = planned(host("ubuntu-22.04", "a100")).driver
    assert driver is not None
    assert driver.branch == "580"


def test_driver_that_is_not_on_offer_is_refused_with_what_is() -> None:
    conflict = refused("DRIVER-NONE", host("debian-12", "a100"), driver_branch="999")
    assert "535 from debian" in conflict.why


def test_bookworm_open_is_refused_beside_the_security_pocket() -> None:
    conflict = refused(
        "BOOKWORM-OPEN", host("debian-12", "a100"), driver_flavour="open", driver_origin="debian"
    )
    assert "535.261.03" in conflict.why
    assert "driver_flavour: proprietary" in conflict.remedies[0]


def test_bookworm_open_is_planned_without_the_security_pocket() -> None:
    driver = planned(
        host("debian-12", "a100", security_pocket=False),
        driver_flavour="open",
        driver_origin="debian",
    ).driver
    assert driver is not None
    assert driver.version == "535.261.03"
    assert "nvidia-open-kernel-dkms" in driver.packages


def test_without_the_security_pocket_the_release_s_version_is_planned() -> None:
    driver = planned(
        host("debian-12", "a100", security_pocket=False), driver_origin="debian"
    ).driver
    assert driver is not None
    assert driver.version == "535.261.03"


def test_trixie_bpo_kernel_is_refused_with_debian_s_driver() -> None:
    conflict = refused(
        "KERNEL-TOO-NEW", host("debian-13", "a100", kernels=(BPO,)), driver_origin="debian"
    )
    assert "6.18" in conflict.why and BPO in conflict.what


def test_trixie_bpo_kernel_as_next_boot_is_refused_too() -> None:
    refused(
        "KERNEL-TOO-NEW",
        host("debian-13", "a100", kernels=("6.12.117-amd64",), kernel_next_boot=BPO),
        driver_origin="debian",
    )


def test_foreign_running_kernel_of_a_container_does_not_count() -> None:
    profile = host(
        "debian-13", "a100", kernel_running="7.9.1-machine", kernels=("6.12.117-cloud-amd64",)
    )
    driver = planned(profile).driver
    assert driver is not None
    assert driver.headers == ("linux-headers-cloud-amd64",)


def test_kernel_between_claimed_and_known_bad_is_a_notice() -> None:
    plan = planned(host("debian-13", "a100", kernels=("6.16.3-amd64",)), driver_origin="debian")
    assert "6.16.3-amd64" in noticed("KERNEL-UNTESTED", plan).what


def test_kernel_newer_than_nvidia_s_branch_was_seen_with_is_a_notice() -> None:
    plan = planned(host("debian-13", "a100", kernels=(BPO,)), driver_origin="nvidia")
    assert BPO in noticed("KERNEL-UNTESTED", plan).what


def test_kernel_older_than_any_driver_supports_is_refused() -> None:
    refused("KERNEL-TOO-OLD", host("debian-12", "a100", kernels=("3.10.0-1160",)))


@pytest.mark.parametrize(
    ("os", "arch", "kernel", "package"),
    [
        ("debian-12", "x86_64", "6.1.0-50-amd64", "linux-headers-amd64"),
        ("debian-12", "x86_64", "6.1.0-50-cloud-amd64", "linux-headers-cloud-amd64"),
        ("debian-12", "aarch64", "6.1.0-50-arm64", "linux-headers-arm64"),
        ("debian-13", "aarch64", "6.12.117-arm64-16k", "linux-headers-arm64-16k"),
        ("ubuntu-22.04", "x86_64", "5.15.0-1051-aws", "linux-headers-aws"),
        ("ubuntu-22.04", "x86_64", "6.8.0-1015-azure", "linux-headers-azure"),
        ("ubuntu-22.04", "x86_64", "6.5.0-1018-gcp", "linux-headers-gcp"),
        ("ubuntu-24.04", "x86_64", "6.8.0-1010-oracle", "linux-headers-oracle"),
        ("ubuntu-24.04", "x86_64", "6.8.0-1010-ibm", "linux-headers-ibm"),
        ("ubuntu-20.04", "x86_64", "5.4.0-1100-kvm", "linux-headers-kvm"),
        ("ubuntu-24.04", "x86_64", "6.8.0-139-generic", "linux-headers-generic"),
        ("ubuntu-24.04", "x86_64", "6.14.0-37-generic", "linux-headers-generic-hwe-24.04"),
        ("ubuntu-22.04", "x86_64", "5.15.0-100-lowlatency", "linux-headers-lowlatency"),
        ("ubuntu-24.04", "aarch64", "6.8.0-139-generic-64k", "linux-headers-generic-64k"),
        ("ubuntu-24.04", "aarch64", "6.8.0-1043-nvidia-64k", "linux-headers-nvidia-64k"),
        ("ubuntu-24.04", "aarch64", "6.17.0-1029-nvidia-64k", "linux-headers-nvidia-64k-hwe-24.04"),
        ("ubuntu-22.04", "aarch64", "6.8.0-1043-nvidia-64k", "linux-headers-nvidia-64k-hwe-22.04"),
        ("ubuntu-26.04", "x86_64", "7.0.0-28-generic", "linux-headers-generic"),
        ("ubuntu-26.04", "x86_64", "7.0.0-1006-aws", "linux-headers-aws"),
        ("rocky-9", "x86_64", "5.14.0-503.el9.x86_64", "kernel-devel"),
    ],
)
def test_headers_follow_the_kernel_s_flavour(os: str, arch: str, kernel: str, package: str) -> None:
    profile = host(os, "a100", arch=arch, kernels=(kernel,))
    driver = planned(profile, without=["cuda", "torch"]).driver
    assert driver is not None
    assert driver.headers == (package,)


def test_host_with_cloud_kernels_only_gets_no_headers_of_the_default_flavour() -> None:
    profile = host(
        "debian-12",
        "a100",
        kernels=("6.1.0-50-cloud-amd64", "6.1.0-56-cloud-amd64"),
        kernel_next_boot="6.1.0-56-cloud-amd64",
        kernel_running="6.18.44-machine",
    )
    driver = planned(profile).driver
    assert driver is not None
    assert driver.headers == ("linux-headers-cloud-amd64",)


def test_running_kernel_alone_decides_nothing() -> None:
    driver = planned(host("debian-12", "a100", kernel_running="6.1.0-50-cloud-amd64")).driver
    assert driver is not None
    assert driver.headers == ("linux-headers-amd64",)


def test_two_flavours_of_kernel_get_both_headers() -> None:
    driver = planned(
        host("debian-12", "a100", kernels=("6.1.0-50-amd64", "6.1.0-56-cloud-amd64"))
    ).driver
    assert driver is not None
    assert set(driver.headers) == {"linux-headers-amd64", "linux-headers-cloud-amd64"}


def test_backports_kernel_is_noticed_because_its_headers_are_elsewhere() -> None:
    plan = planned(host("debian-12", "a100", kernels=("6.12.95+deb12-amd64",)))
    assert "6.12.95+deb12-amd64" in noticed("KERNEL-FOREIGN", plan).what


def test_end_of_life_is_noticed_with_the_date() -> None:
    plan = planned(host("debian-12", "a100"), driver_origin="debian")
    assert "2026-06" in noticed("DRIVER-EOL", plan).what


def test_maintained_branch_gets_no_end_of_life_notice() -> None:
    codes = [notice.code for notice in planned(host("ubuntu-22.04", "a100")).notices]
    assert "DRIVER-EOL" not in codes


@pytest.mark.parametrize("origin", ["runfile", "ubuntu", "ppa:graphics-drivers"])
def test_driver_from_elsewhere_is_refused(origin: str) -> None:
    there = InstalledDriver("580.95.05", origin)
    conflict = refused("DRIVER-FOREIGN", host("debian-12", "a100", driver=there))
    assert origin in conflict.what and "580.95.05" in conflict.what


def test_driver_of_unknown_origin_is_noticed() -> None:
    there = InstalledDriver("535.309.01", "unknown")
    noticed("DRIVER-ORIGIN-UNKNOWN", planned(host("debian-12", "a100", driver=there)))


def test_driver_of_the_same_origin_is_welcome() -> None:
    there = InstalledDriver("535.309.01", "debian")
    plan = planned(host("debian-12", "a100", driver=there))
    assert plan.digest == planned(host("debian-12", "a100"), driver_origin="debian").digest


def test_trixie_nvidia_old_repo_is_refused_for_its_key() -> None:
    conflict = refused(
        "REPO-KEY-SHA1",
        host("debian-13", "a100", indexes={"nvidia": "https://mirror.example/debian12/x86_64/"}),
        driver_origin="nvidia",
    )
    assert "3bf863cc" in conflict.why
    assert any("8793F200" in remedy for remedy in conflict.remedies)


def test_mirror_that_signs_with_a_key_of_its_own_is_not_refused_for_nvidia_s() -> None:
    plan = planned(
        host(
            "debian-13",
            "a100",
            indexes={"nvidia": "https://mirror.example/debian12/x86_64/"},
            fingerprints={"nvidia": ("AB" * 20,)},
        ),
        driver_origin="nvidia",
    )
    assert plan.repositories[0].address == "https://mirror.example/debian12/x86_64/"


def test_trixie_s_own_nvidia_repo_is_not_refused() -> None:
    plan = planned(host("debian-13", "a100"), driver_origin="nvidia")
    assert plan.driver is not None
    assert plan.driver.branch == "580"


@pytest.mark.parametrize("os", ["ubuntu-22.04", "debian-12", "rocky-9"])
def test_mixed_hosts_are_refused_with_the_cards_named_for_nvidia_s_origin_too(os: str) -> None:
    conflict = refused(
        "FLAVOUR-MIXED", host(os, "p100", "b200"), without=["cuda"], driver_origin="nvidia"
    )
    assert "P100" in conflict.what and "B200" in conflict.what


def test_fabric_manager_is_noticed_for_a_board_of_eight() -> None:
    noticed("FABRIC-MANAGER", planned(host("debian-12", *["h100"] * 8)))


def test_fabric_manager_is_not_mentioned_for_one_card() -> None:
    codes = [notice.code for notice in planned(host("debian-12", "h100")).notices]
    assert "FABRIC-MANAGER" not in codes


def test_signed_modules_of_other_kernels_are_not_said_to_be_on_offer() -> None:
    profile = host("ubuntu-26.04", "v100", kernels=("6.1.0-57-cloud-amd64",))
    conflict = refused("DRIVER-NONE", profile, driver_origin="ubuntu")
    assert "from ubuntu (" not in conflict.why
    assert "own kernels" in conflict.why and "6.1.0-57-cloud-amd64" in conflict.why
