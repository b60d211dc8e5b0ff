"""A branch that NVIDIA maintains comes by itself; one that is there is moved by name only."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.model.host import HostProfile, InstalledDriver
from stacks.model.plan import DriverPlan
from stacks.rules.case import Case
from stacks.rules.maintained import is_maintained
from tests.unit.stacks.hosts import CATALOG, host, noticed, planned, stack_of


def driver(profile: HostProfile, **requests: Any) -> DriverPlan:
    found = planned(profile, without=["cuda"], **requests).driver
    assert found is not None
    return found


def codes(profile: HostProfile, **requests: Any) -> list[str]:
    return [notice.code for notice in planned(profile, **requests).notices]


@pytest.mark.parametrize("os", ["debian-12", "debian-13"])
@pytest.mark.parametrize("gpu", ["p40", "v100", "t4", "h100", "b200"])
def test_bare_host_gets_a_maintained_branch_where_the_archive_has_none(os: str, gpu: str) -> None:
    taken = driver(host(os, gpu))
    assert (taken.origin, taken.branch) == ("nvidia", "580")
    assert "DRIVER-EOL" not in codes(host(os, gpu), without=["cuda"])


def test_end_counts_from_the_day_on_which_the_catalogue_was_looked_up() -> None:
    case = Case(stack_of("pytorch-2.9"), host("debian-12", "t4"), CATALOG)
    answers = {b: is_maintained(case, b) for b in ("470", "535", "580", "595", "615", "999")}
    assert answers == dict.fromkeys(answers, True) | {"470": False, "535": False}


@pytest.mark.parametrize(
    ("os", "there"), [("debian-12", "535.309.01"), ("debian-13", "550.163.01")]
)
def test_archive_s_driver_that_is_there_stays_and_the_way_on_is_named(os: str, there: str) -> None:
    profile = host(os, "h100", driver=InstalledDriver(there, "debian"))
    plan = planned(profile, without=["cuda"])
    assert plan.driver is not None
    assert (plan.driver.origin, plan.driver.replaces) == ("debian", "")
    remedy = noticed("DRIVER-EOL", plan).remedy
    assert "driver_origin: nvidia" in remedy and "stays until somebody asks" in remedy
    moved = driver(profile, driver_origin="nvidia", driver_branch="580")
    assert moved.replaces == f"{there.split('.')[0]} from debian"


def test_second_run_after_the_maintained_one_came_is_the_same_plan() -> None:
    there = InstalledDriver("580.178.04", "nvidia")
    first, second = planned(host("debian-12", "t4")), planned(host("debian-12", "t4", driver=there))
    assert first.digest == second.digest


def test_driver_that_is_there_and_does_not_drive_the_card_does_not_stay_silently() -> None:
    profile = host("debian-12", "b200", driver=InstalledDriver("580.95.05", "nvidia"))
    assert driver(profile).branch == "580"


def test_toolkit_of_the_archive_by_name_brings_the_archive_s_driver() -> None:
    plan = planned(host("debian-12", "h100"), cuda_origin="debian")
    assert plan.driver is not None and plan.cuda is not None
    assert (plan.driver.origin, plan.cuda.origin) == ("debian", "debian")


def test_toolkit_is_not_the_archive_s_beside_nvidia_s_driver() -> None:
    plan = planned(host("debian-12", "h100"))
    assert plan.driver is not None and plan.cuda is not None
    assert (plan.driver.origin, plan.cuda.origin) == ("nvidia", "redist")


def test_card_that_no_maintained_branch_drives_gets_the_archive_s_and_no_empty_advice() -> None:
    plan = planned(host("debian-12", "k80"), "pytorch-2.7-cu118")
    assert plan.driver is not None and plan.driver.branch == "470"
    remedy = noticed("DRIVER-EOL", plan).remedy
    assert "No maintained branch" in remedy and "driver_origin" not in remedy


def test_host_on_nvidia_s_repository_is_not_told_to_go_there_alone() -> None:
    plan = planned(host("ubuntu-22.04", "a100"), driver_branch="535")
    assert 'driver_branch: "580"' in noticed("DRIVER-EOL", plan).remedy
