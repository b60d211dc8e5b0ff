"""Which kernels get a module, which are left, which refuse the host, and which one comes."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.model.kernels import KernelOffers, KernelPlan
from stacks.model.plan import DriverPlan, Plan
from tests.unit.stacks.hosts import host, noticed, planned, refused

OLD, NEW = "6.1.0-52-cloud-amd64", "6.1.0-56-cloud-amd64"
PLAIN, RT, XEN, OWN = "6.1.0-56-amd64", "6.1.0-56-rt-amd64", "6.1.0-56-amd64+x", "6.6.30-mine"
NEWEST = {"linux-headers-cloud-amd64": NEW, "linux-headers-amd64": PLAIN}


def planned_with(*kernels: str, boots: str | None = None, **more: Any) -> Plan:
    """The plan of a Debian 12 host with these kernels."""
    return planned(host("debian-12", "a100", kernels=kernels, kernel_next_boot=boots, **more))


def driver(plan: Plan) -> DriverPlan:
    """Its driver."""
    assert plan.driver is not None
    return plan.driver


def test_kernel_that_the_driver_refuses_is_left_beside_one_that_boots_next() -> None:
    plan = planned_with(PLAIN, RT, boots=PLAIN)
    assert list(driver(plan).kernels.left) == [RT]
    assert "real-time" in driver(plan).kernels.left[RT]
    assert driver(plan).headers == ("linux-headers-amd64",)
    assert RT in noticed("KERNEL-LEFT", plan).what


@pytest.mark.parametrize("kernels", [(RT,), (PLAIN, RT)])
def test_kernel_that_the_driver_refuses_and_boots_next_refuses_the_host(
    kernels: tuple[str, ...],
) -> None:
    profile = host("debian-12", "a100", kernels=kernels, kernel_next_boot=RT)
    refused("KERNEL-REFUSED", profile)


@pytest.mark.parametrize(
    ("release", "options", "left"),
    [
        ("6.6.30-mine", ("CONFIG_MODULES", "CONFIG_PREEMPT_RT"), True),
        ("6.6.30-mine", ("CONFIG_MODULES", "CONFIG_XEN"), True),
        ("6.6.30-mine", ("CONFIG_MODULES", "CONFIG_XEN", "CONFIG_PARAVIRT"), False),
        ("6.6.30-mine", (), True),
        ("6.6.30-rt-mine", ("CONFIG_MODULES",), False),
        ("5.14.0-503.el9.x86_64+rt", None, True),
        ("6.1.0-rt7", None, True),
        ("6.1.0-smart-amd64", None, False),
    ],
)
def test_settings_decide_and_the_name_only_where_they_are_not_known(
    release: str, options: tuple[str, ...] | None, left: bool
) -> None:
    known = {} if options is None else {release: options}
    plan = planned_with(PLAIN, release, boots=PLAIN, kernel_options=known)
    assert (release in driver(plan).kernels.left) is left


def test_kernel_too_old_or_too_new_is_left_where_another_boots() -> None:
    plan = planned_with("3.10.0-1160", PLAIN, boots=PLAIN)
    assert list(driver(plan).kernels.left) == ["3.10.0-1160"]
    refused(
        "KERNEL-TOO-OLD",
        host("debian-12", "a100", kernels=(PLAIN, "3.10.0-1160"), kernel_next_boot="3.10.0-1160"),
    )
    trixie = host(
        "debian-13",
        "a100",
        kernels=("6.12.1-amd64", "7.2.12+deb13-amd64"),
        kernel_next_boot="6.12.1-amd64",
    )
    plan = planned(trixie, without=["cuda"], driver_origin="debian")
    assert list(driver(plan).kernels.left) == ["7.2.12+deb13-amd64"]


def test_kernel_of_last_month_brings_the_newest_and_says_so() -> None:
    offers = KernelOffers(gone=(OLD,), newest=NEWEST)
    plan = planned_with(OLD, boots=OLD, kernel_running=OLD, kernel_offers=offers)
    kernels = driver(plan).kernels
    assert (kernels.comes, list(kernels.left)) == (NEW, [OLD])
    assert kernels.packages == ("linux-image-cloud-amd64", "linux-headers-cloud-amd64")
    assert "a reboot is needed" in noticed("KERNEL-COMES", plan).why


def test_nothing_comes_once_it_is_there() -> None:
    offers = KernelOffers(gone=(OLD,), newest=NEWEST)
    plan = planned_with(OLD, NEW, boots=NEW, kernel_headers=(NEW,), kernel_offers=offers)
    assert driver(plan).kernels.comes == ""
    assert list(driver(plan).kernels.left) == [OLD]


@pytest.mark.parametrize(
    "more",
    [
        {"kernel_offers": None},
        {"kernel_offers": KernelOffers(headers=(OLD,), newest=NEWEST)},
        {"kernel_headers": (OLD,)},
    ],
    ids=["not asked", "in the archive", "on the host"],
)
def test_kernel_whose_headers_are_there_or_not_known_to_be_gone_brings_none(
    more: dict[str, Any],
) -> None:
    assert driver(planned_with(OLD, boots=OLD, **more)).kernels == KernelPlan()


@pytest.mark.parametrize(
    ("kernels", "offers", "boots_newest"),
    [
        ((OWN,), KernelOffers(gone=(OWN,), newest=NEWEST), True),
        ((OLD,), KernelOffers(gone=(OLD,)), True),
        ((OLD,), KernelOffers(gone=(OLD,), newest=NEWEST), False),
        ((OLD, NEW), KernelOffers(gone=(OLD,), newest=NEWEST), True),
        (
            ("6.1.0-99-cloud-amd64",),
            KernelOffers(gone=("6.1.0-99-cloud-amd64",), newest=NEWEST),
            True,
        ),
    ],
    ids=["self-built", "none newer", "menu names one", "menu leads to the old", "older"],
)
def test_next_boot_that_nothing_can_serve_refuses_the_host(
    kernels: tuple[str, ...], offers: KernelOffers, boots_newest: bool
) -> None:
    profile = host(
        "debian-12",
        "a100",
        kernels=kernels,
        kernel_next_boot=kernels[0],
        kernel_offers=offers,
        kernel_newest_boots=boots_newest,
    )
    refused("KERNEL-NO-HEADERS", profile)


def test_self_built_kernel_with_headers_gets_a_module_and_no_kernel_of_the_distribution() -> None:
    plan = planned_with(OWN, boots=OWN, kernel_headers=(OWN,))
    assert driver(plan).headers == ()
    assert driver(plan).kernels == KernelPlan()
    assert "KERNEL-FOREIGN" not in {notice.code for notice in plan.notices}


def test_self_built_kernel_without_headers_is_left_beside_the_distribution_s() -> None:
    offers = KernelOffers(gone=(OWN,), newest=NEWEST)
    plan = planned_with(PLAIN, OWN, boots=PLAIN, kernel_headers=(PLAIN,), kernel_offers=offers)
    assert list(driver(plan).kernels.left) == [OWN]
    assert driver(plan).headers == ("linux-headers-amd64",)


def test_what_becomes_of_kernels_is_no_part_of_the_digest() -> None:
    offers = KernelOffers(gone=(OLD,), newest=NEWEST)
    before = planned_with(OLD, boots=OLD)
    assert planned_with(OLD, boots=OLD, kernel_offers=offers).digest == before.digest
