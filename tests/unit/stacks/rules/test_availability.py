"""The plan beside what the repository really has: a version that vanished is told before."""

from __future__ import annotations

import pytest

from stacks.model.plan import Plan
from stacks.rules.availability import matches
from tests.unit.stacks.hosts import host, planned, refused


def offered(plan: Plan, driver: str = "580.178.04-1ubuntu1") -> dict[str, tuple[str, ...]]:
    """Everything that the plan wants, the driver in this version."""
    assert plan.driver is not None
    found: dict[str, tuple[str, ...]] = dict.fromkeys(plan.driver.versions, (driver,))
    found |= dict.fromkeys(plan.driver.pinning, ("580-5",))
    for part in (plan.cuda, plan.cudnn):
        found |= {name: (text,) for name, text in part.versions.items()} if part else {}
    return found


PLAN = planned(host("ubuntu-22.04", "a100"))


def test_plan_stands_where_everything_is_offered() -> None:
    again = planned(host("ubuntu-22.04", "a100", available=offered(PLAN)))
    assert again.digest == PLAN.digest


def test_vanished_driver_is_refused_with_what_is_there_and_the_way_to_take_it() -> None:
    there = offered(PLAN, "580.190.02-1ubuntu1")
    conflict = refused("VERSION-GONE", host("ubuntu-22.04", "a100", available=there))
    assert "580.178.04-*" in conflict.why and "580.190.02-1ubuntu1" in conflict.why
    assert 'driver_version: "580.190.02"' in conflict.remedies[0]


def test_the_remedy_of_a_vanished_driver_works() -> None:
    there = offered(PLAN, "580.190.02-1ubuntu1")
    profile = host("ubuntu-22.04", "a100", available=there)
    driver = planned(profile, driver_version="580.190.02").driver
    assert driver is not None
    assert driver.version == "580.190.02"


def test_one_package_that_is_missing_is_named() -> None:
    there = offered(PLAN)
    del there["nvidia-firmware-580"]
    conflict = refused("VERSION-GONE", host("ubuntu-22.04", "a100", available=there))
    assert "1 of" in conflict.what
    assert "nvidia-firmware-580" in conflict.why and "there nothing" in conflict.why


def test_missing_pinning_package_is_named() -> None:
    there = offered(PLAN)
    del there["nvidia-driver-pinning-580"]
    conflict = refused("VERSION-GONE", host("ubuntu-22.04", "a100", available=there))
    assert "nvidia-driver-pinning-580" in conflict.why


@pytest.mark.parametrize(
    ("name", "way"), [("cuda-nvcc-11-8", "redist"), ("libcudnn8", "cudnn_origin: wheels")]
)
def test_vanished_toolkit_names_the_other_origin(name: str, way: str) -> None:
    there = offered(PLAN)
    del there[name]
    conflict = refused("VERSION-GONE", host("ubuntu-22.04", "a100", available=there))
    assert any(way in remedy for remedy in conflict.remedies)


def test_archive_s_own_driver_is_not_looked_for_in_nvidia_s_repository() -> None:
    planned(host("debian-12", "a100", available={}), driver_origin="debian")


def test_epoch_counts_only_where_it_is_named() -> None:
    assert matches("3:580.178.04-1.el9", "580.178.04-*")
    assert matches("580.178.04-1.el9", "580.178.04-*")
    assert not matches("3:580.178.04-1.el9", "580.159.04-*")
