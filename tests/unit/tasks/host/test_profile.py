"""From what the probe saw to what the resolver asks: `None` stays unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.outlook import Outlook
from facts.model.software import Python
from facts.model.system import Jetson
from stacks.model.host import Gpu
from tasks.host import resolution as host_resolution
from tasks.host.profile import profile_of
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import KERNEL, package, source, with_packages, with_sources


def test_bare_host_is_described_as_the_resolver_needs_it() -> None:
    profile = profile_of(a_host.bare())
    assert (profile.os, profile.arch, profile.glibc) == ("debian-12", "x86_64", "2.36")
    assert [(g.pci_id, g.address) for g in profile.gpus] == [
        ("2330", "0000:17:00.0"),
        ("2330", "0000:1b:00.0"),
    ]
    assert profile.kernels == (KERNEL,)
    assert profile.kernel_running != KERNEL
    assert profile.driver is None
    assert profile.jetson_l4t is None


def test_kernel_without_image_does_not_count() -> None:
    state = a_host.bare()
    kernels = tuple(replace(k, bootable=False) for k in state.kernels.installed)
    state = replace(state, kernels=replace(state.kernels, installed=kernels))
    assert profile_of(state).kernels == ()


def test_unknown_secure_boot_stays_unknown() -> None:
    assert profile_of(replace(a_host.bare(), secure_boot=None)).secure_boot is None


def test_no_interpreter_leaves_the_answer_to_the_catalogue() -> None:
    assert profile_of(replace(a_host.bare(), pythons=())).pythons is None


def test_interpreters_are_known_by_their_minor_versions() -> None:
    pythons = (Python("/usr/bin/python3", "3.11.2"), Python("/usr/local/bin/python3", "3.12.1"))
    twice = (*pythons, Python("/usr/bin/python3.11", "3.11.2"))
    assert profile_of(replace(a_host.bare(), pythons=twice)).pythons == ("3.11", "3.12")


def test_security_pocket_is_seen_in_the_suites() -> None:
    assert profile_of(a_host.bare()).security_pocket is True
    assert profile_of(with_sources(source("bookworm", "main"))).security_pocket is False
    assert profile_of(with_sources()).security_pocket is None


def test_expected_gpus_and_mirrors_are_passed_on() -> None:
    profile = profile_of(a_host.bare(), (Gpu("h100"),), {"pypi": "http://mirror.example.org"})
    assert profile.expected_gpus == (Gpu("h100"),)
    assert profile.indexes == {"pypi": "http://mirror.example.org"}


def test_jetson_is_known_by_its_release() -> None:
    jetson = Jetson("36.4.7", "Orin", "tegra234")
    assert profile_of(replace(a_host.bare(), jetson=jetson)).jetson_l4t == "36.4.7"


def origin(state: HostState) -> str | None:
    """Where the profile says that the driver is from."""
    driver = profile_of(state).driver
    return driver.origin if driver else None


def test_driver_of_the_distribution_is_known_by_version_and_origin() -> None:
    driver = profile_of(a_host.done()).driver
    assert driver is not None
    assert (driver.version, driver.origin, driver.flavour) == (a_host.DRIVER, "debian", None)


def test_driver_of_a_run_installer_has_no_package_origin() -> None:
    state = a_host.done()
    state = replace(state, driver=replace(state.driver, runfile="/usr/bin/nvidia-uninstall"))
    assert origin(state) == "runfile"


def test_container_toolkit_from_elsewhere_says_nothing_of_the_driver_s_origin() -> None:
    names = ("nvidia-container-toolkit", "libnvidia-container1")
    others = [replace(package(name, "1.20.0-1"), origin="nvidia.github.io") for name in names]
    assert origin(with_packages(a_host.done(), *others)) == "debian"


def test_driver_of_two_origins_is_of_unknown_origin() -> None:
    stranger = replace(package("libnvidia-ml1"), origin="NVIDIA")
    assert origin(with_packages(a_host.done(), stranger)) == "unknown"


def test_flavour_is_taken_from_the_loaded_module_only() -> None:
    state = a_host.done()
    loaded = replace(state.driver, loaded=a_host.DRIVER, loaded_flavour="open")
    driver = profile_of(replace(state, driver=loaded)).driver
    assert driver is not None
    assert driver.flavour == "open"


@pytest.mark.parametrize(
    ("sm", "code"), [("8.6", None), ("12.0", "GPU-118-BLACKWELL"), ("3.0", "GPU-118-OLD")]
)
def test_capability_that_the_driver_tells_counts_for_a_card_that_nobody_knows(
    sm: str, code: str | None
) -> None:
    state = a_host.bare()
    cards = tuple(replace(card, device="ffff") for card in state.pci)
    told = replace(state.driver, capabilities={card.address: sm for card in cards})
    state = replace(state, pci=cards, driver=told)
    answer = host_resolution.resolved(state, {"stack": "pytorch-2.9"})
    codes = {conflict.code for conflict in answer.conflicts}
    assert (code in codes) if code else (answer.plan is not None)
    # The same cards before there is a driver, and with what a person calls them.
    silent = replace(state, driver=a_host.bare().driver)
    assert host_resolution.resolved(silent, {"stack": "pytorch-2.9"}).plan is not None
    called = {"stack": "pytorch-2.9", "expected_gpus": "h100"}
    plan = host_resolution.resolved(state, called).plan
    assert plan is not None
    assert "GPU-CAPABILITY" in {notice.code for notice in plan.notices}


def test_host_of_an_architecture_that_nobody_plans_is_refused() -> None:
    """No such machine is at hand: the recorded host pretends to be one."""
    state = a_host.bare()
    state = replace(state, system=replace(state.system, arch="riscv64"))
    resolution = host_resolution.resolved(state, {})
    assert resolution.plan is None
    assert [c.code for c in resolution.conflicts] == ["ARCH-UNSUPPORTED"]
    assert "riscv64" in resolution.conflicts[0].what
    assert "x86_64" in resolution.conflicts[0].why


def test_what_is_installed_is_available_although_nobody_offers_it_any_more() -> None:
    state = with_packages(a_host.bare(), package("libcudnn8", "8.9.7.29-1+cuda11.8"))
    profile = profile_of(state, available={"libcudnn8": (), "cuda-nvcc-11-8": ("11.8.89-1",)})
    assert profile.available == {
        "libcudnn8": ("8.9.7.29-1+cuda11.8",),
        "cuda-nvcc-11-8": ("11.8.89-1",),
    }


def test_unasked_repositories_stay_unknown() -> None:
    assert profile_of(a_host.bare()).available is None


def test_container_toolkit_that_is_there_is_known_by_its_release() -> None:
    name = "nvidia-container-toolkit-base"
    assert profile_of(a_host.bare()).toolkit is None
    there = with_packages(a_host.bare(), package(name, "1.19.1-1"))
    assert profile_of(there).toolkit == "1.19.1"
    candidate = with_packages(a_host.bare(), package(name, "1.20.0~rc.1-1"))
    assert profile_of(candidate).toolkit is None


NEWEST = {"linux-headers-cloud-amd64": "6.1.0-99-cloud-amd64"}


@pytest.mark.parametrize(
    ("outlook", "known"),
    [
        (None, False),
        (Outlook(), False),
        (Outlook(headers={"a": False}, newest=NEWEST), True),
        (Outlook(headers={"a": False}, unread="E: no answer"), False),
        (Outlook(headers={"a": False}, newest=NEWEST, unread="E: a stranger is dead"), True),
    ],
    ids=["not asked", "nothing to ask", "read", "none answered", "the kernel's own answered"],
)
def test_headers_are_gone_only_where_the_source_of_the_kernel_has_answered(
    outlook: Outlook | None, known: bool
) -> None:
    offers = profile_of(a_host.bare(), outlook=outlook).kernel_offers
    assert (offers is not None) is known
    assert offers is None or offers.gone == ("a",)
