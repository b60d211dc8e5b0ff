"""A driver that is there already: kept, moved by name, or left alone with the ways out."""

from __future__ import annotations

import pytest

from stacks.model.host import InstalledDriver
from tests.unit.stacks.hosts import host, noticed, planned, refused

OLD = InstalledDriver("535.309.01", "nvidia")


def test_another_branch_is_not_moved_unasked_and_both_ways_out_are_named() -> None:
    conflict = refused("DRIVER-BRANCH", host("ubuntu-22.04", "a100", driver=OLD))
    assert 'driver_branch: "580"' in conflict.remedies[0]
    assert 'driver_branch: "535"' in conflict.remedies[1]


@pytest.mark.parametrize("said", [{"driver_branch": "580"}, {"driver_version": "580.159.04"}])
def test_a_branch_that_is_named_takes_the_place_of_the_old_one(said: dict[str, str]) -> None:
    plan = planned(host("ubuntu-22.04", "a100", driver=OLD), **said)
    assert plan.driver is not None
    assert (plan.driver.branch, plan.driver.replaces) == ("580", "535 from nvidia")
    assert any("535.309.01 from nvidia goes" in reason.choice for reason in plan.reasons)


def test_naming_the_origin_that_is_there_does_not_change_the_branch() -> None:
    refused("DRIVER-BRANCH", host("ubuntu-22.04", "a100", driver=OLD), driver_origin="nvidia")


def test_the_branch_that_is_there_is_kept_by_name() -> None:
    plan = planned(host("ubuntu-22.04", "a100", driver=OLD), driver_branch="535")
    assert plan.driver is not None
    assert (plan.driver.branch, plan.driver.replaces) == ("535", "")


def test_back_to_the_older_branch_by_name() -> None:
    there = InstalledDriver("580.178.04", "nvidia")
    plan = planned(host("ubuntu-22.04", "a100", driver=there), driver_branch="535")
    assert plan.driver is not None
    assert plan.driver.replaces == "580 from nvidia"


def test_another_origin_is_not_changed_unasked_and_both_ways_out_are_named() -> None:
    there = InstalledDriver("580.159.03", "ubuntu")
    conflict = refused("DRIVER-FOREIGN", host("ubuntu-22.04", "a100", driver=there))
    assert "driver_origin: nvidia" in conflict.remedies[0]
    assert "driver_origin: ubuntu" in conflict.remedies[1]


def test_naming_the_branch_that_is_there_does_not_change_the_origin() -> None:
    there = InstalledDriver("580.159.03", "ubuntu")
    refused("DRIVER-FOREIGN", host("ubuntu-22.04", "a100", driver=there), driver_branch="580")


def test_an_origin_that_is_named_takes_the_place_of_the_old_one() -> None:
    there = InstalledDriver("535.309.01", "debian")
    plan = planned(host("debian-12", "a100", driver=there), driver_origin="nvidia")
    assert plan.driver is not None
    assert (plan.driver.origin, plan.driver.replaces) == ("nvidia", "535 from debian")


@pytest.mark.parametrize("origin", ["runfile", "ppa:graphics-drivers", "unknown"])
def test_what_cannot_be_taken_out_by_name_is_refused_even_when_asked(origin: str) -> None:
    there = InstalledDriver("535.309.01", origin)
    conflict = refused(
        "DRIVER-FOREIGN",
        host("ubuntu-22.04", "a100", driver=there),
        driver_branch="580",
        driver_origin="nvidia",
    )
    assert "Remove the driver" in conflict.remedies[0]


def test_same_branch_of_unknown_origin_is_noticed_only() -> None:
    there = InstalledDriver("580.178.04", "unknown")
    noticed("DRIVER-ORIGIN-UNKNOWN", planned(host("ubuntu-22.04", "a100", driver=there)))


def test_newer_point_release_that_is_there_stays() -> None:
    there = InstalledDriver("580.200.05", "nvidia")
    plan = planned(host("ubuntu-22.04", "a100", driver=there))
    assert plan.driver is not None
    assert plan.driver.version == "580.200.05"
    assert set(plan.driver.versions.values()) == {"580.200.05-*"}


def test_newer_point_release_is_moved_back_only_by_name() -> None:
    there = InstalledDriver("580.200.05", "nvidia")
    profile = host("ubuntu-22.04", "a100", driver=there)
    driver = planned(profile, driver_version="580.178.04").driver
    assert driver is not None
    assert driver.version == "580.178.04"


def test_older_point_release_follows_the_catalogue() -> None:
    there = InstalledDriver("580.95.05", "nvidia")
    driver = planned(host("ubuntu-22.04", "a100", driver=there)).driver
    assert driver is not None
    assert driver.version == "580.178.04"


def test_the_plan_after_a_move_is_the_same_plan() -> None:
    before = planned(host("ubuntu-22.04", "a100", driver=OLD), driver_branch="580")
    there = InstalledDriver("580.178.04", "nvidia")
    after = planned(host("ubuntu-22.04", "a100", driver=there), driver_branch="580")
    assert after.driver is not None and after.driver.replaces == ""
    assert before.digest == after.digest
