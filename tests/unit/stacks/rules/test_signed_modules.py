"""Secure Boot and lockdown: which drivers they leave, and what is said of it."""

from __future__ import annotations

import fnmatch
from dataclasses import replace

from stacks.model.host import InstalledDriver
from tests.unit.stacks.hosts import host, noticed, planned, refused


def test_secure_boot_is_noticed() -> None:
    noticed("SECURE-BOOT", planned(host("debian-12", "a100", secure_boot=True)))


def test_unknown_secure_boot_is_not_taken_for_on() -> None:
    codes = [notice.code for notice in planned(host("debian-12", "a100")).notices]
    assert "SECURE-BOOT" not in codes


def test_secure_boot_prefers_the_modules_that_ubuntu_signed_for_every_kernel() -> None:
    profile = host(
        "ubuntu-22.04",
        "a100",
        secure_boot=True,
        kernels=("5.15.0-100-generic", "6.8.0-1015-azure"),
    )
    plan = planned(profile)
    assert plan.driver is not None
    assert (plan.driver.origin, plan.driver.modules) == ("ubuntu", "precompiled")
    assert {
        "linux-modules-nvidia-580-server-open-generic",
        "linux-modules-nvidia-580-server-open-azure",
    } <= set(plan.driver.packages)
    assert plan.driver.headers == ()
    assert "SECURE-BOOT" not in [notice.code for notice in plan.notices]


def test_secure_boot_with_a_kernel_that_has_no_signed_modules_names_the_choices() -> None:
    profile = host("ubuntu-22.04", "a100", secure_boot=True, kernels=("5.15.0-100-kvm",))
    plan = planned(profile)
    assert plan.driver is not None and plan.driver.modules == "dkms"
    remedy = noticed("SECURE-BOOT", plan).remedy
    assert "prepares the enrolment" in remedy and "`secure_boot: refuse`" in remedy
    assert "trusted launch" in remedy
    assert "driver_origin: ubuntu" not in remedy


def test_host_that_would_wait_for_a_person_is_refused_where_host_data_say_so() -> None:
    profile = host("debian-12", "a100", secure_boot=True)
    first = refused("SECURE-BOOT-REFUSED", profile, secure_boot="refuse").remedies[0]
    assert "`secure_boot: enrol`" in first
    noticed("SECURE-BOOT", planned(profile, secure_boot="enrol"))
    planned(replace(profile, secure_boot=False), secure_boot="refuse")


def test_refusal_names_the_signed_modules_first_where_there_are_some() -> None:
    profile = host("ubuntu-22.04", "a100", secure_boot=True, kernels=("5.15.0-100-generic",))
    requests = {"driver_origin": "nvidia", "secure_boot": "refuse"}
    assert (
        "driver_origin: ubuntu" in refused("SECURE-BOOT-REFUSED", profile, **requests).remedies[0]
    )
    planned(profile, secure_boot="refuse", driver_origin="ubuntu")


def test_host_whose_key_is_enrolled_is_neither_refused_nor_warned() -> None:
    profile = host("debian-12", "a100", secure_boot=True, key_enrolled=True)
    plan = planned(profile, secure_boot="refuse")
    assert "SECURE-BOOT" not in [notice.code for notice in plan.notices]
    assert "modules that DKMS signs" in [reason.choice for reason in plan.reasons]


def test_lockdown_without_secure_boot_is_taken_as_it_is_and_named() -> None:
    profile = host("debian-12", "a100", secure_boot=False, signed_only="lockdown=integrity")
    notice = noticed("SECURE-BOOT", planned(profile))
    assert "lockdown=integrity" in notice.what and "command line" in notice.remedy
    refused("SECURE-BOOT-REFUSED", profile, secure_boot="refuse")
    ubuntu = host("ubuntu-22.04", "a100", signed_only="lockdown=integrity")
    driver = planned(replace(ubuntu, kernels=("5.15.0-100-generic",))).driver
    assert driver is not None and driver.modules == "precompiled"


def test_secure_boot_with_nvidia_s_driver_by_name_offers_the_signed_ones() -> None:
    profile = host("ubuntu-22.04", "a100", secure_boot=True, kernels=("5.15.0-100-generic",))
    plan = planned(profile, driver_origin="nvidia")
    assert plan.driver is not None and plan.driver.origin == "nvidia"
    assert "driver_origin: ubuntu" in noticed("SECURE-BOOT", plan).remedy


def test_secure_boot_does_not_drive_out_a_driver_whose_key_may_be_enrolled() -> None:
    there = InstalledDriver("580.178.04", "nvidia")
    plan = planned(host("ubuntu-22.04", "a100", secure_boot=True, driver=there))
    assert plan.driver is not None
    assert (plan.driver.origin, plan.driver.replaces) == ("nvidia", "")


def test_signed_modules_are_not_held_for_they_must_follow_the_kernel() -> None:
    driver = planned(host("ubuntu-24.04", "a100"), driver_origin="ubuntu").driver
    assert driver is not None
    name = "linux-modules-nvidia-580-server-open-generic"
    assert name in driver.packages
    assert not any(fnmatch.fnmatchcase(name, pattern) for pattern in driver.held)


def test_signed_modules_of_volta_are_the_proprietary_ones() -> None:
    driver = planned(host("ubuntu-22.04", "v100", secure_boot=True)).driver
    assert driver is not None
    assert "linux-modules-nvidia-580-server-generic" in driver.packages


def test_without_secure_boot_ubuntu_s_archive_is_taken_by_name_only() -> None:
    driver = planned(host("ubuntu-22.04", "a100", secure_boot=False)).driver
    assert driver is not None
    assert driver.origin == "nvidia"
