"""How far each part was carried out is said for the part, and never above what was tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.catalog.support import Proof, SupportTable
from stacks.load import load_stack
from stacks.model.host import HostProfile
from stacks.model.plan import Plan
from stacks.model.support import Level, Part
from stacks.requests import with_requests
from stacks.resolve import resolve
from stacks.resolve_image import image_plan
from tests.unit.stacks.hosts import CATALOG, host, noticed, planned

NOTHING = replace(CATALOG, support=SupportTable({}))
H100 = host("debian-12", "h100")
DEBIAN_S = with_requests(load_stack("pytorch-2.9"), {"driver_origin": "debian"})


def levels(plan: Plan) -> dict[Part, Level]:
    """Part to its level."""
    return {row.part: row.level for row in plan.support_parts}


def known(*levels_of: tuple[Part, str, Level], os: str = "debian-12") -> Plan:
    """The plan where only these parts were carried out."""
    rows: dict[Part, dict[str, Proof]] = {}
    for part, what, level in levels_of:
        assert level != "plan"
        rows.setdefault(part, {})[what] = Proof(level, "test_x.py::test_y")
    table = SupportTable({os: {"x86_64": rows}})
    plan = resolve(DEBIAN_S, H100, replace(CATALOG, support=table)).plan
    assert plan is not None
    return plan


def test_each_part_has_its_own_level_with_the_test_that_shows_it() -> None:
    plan = known(("driver", "535.309.01 proprietary debian", "live"))
    assert levels(plan) == {"driver": "live", "cuda": "plan", "cudnn": "plan", "torch": "plan"}
    assert [row.test for row in plan.support_parts] == ["test_x.py::test_y", "", "", ""]


def test_whole_is_no_higher_than_its_lowest_part() -> None:
    parts: list[tuple[Part, str, Level]] = [
        ("driver", "535.309.01 proprietary debian", "live"),
        ("cuda", "11.8 debian compile", "double"),
        ("cudnn", "8.9.6.50 wheels", "live"),
        ("torch", "torch-2.9.1-cu128-cp311-x86_64", "live"),
    ]
    assert known(*parts).support == "double"
    assert known(*parts[1:]).support == "plan"


def test_row_of_another_release_proves_nothing() -> None:
    plan = known(("driver", "535.309.01 proprietary debian", "live"), os="debian-13")
    assert levels(plan)["driver"] == "plan"


def test_parts_that_no_test_carried_out_are_named() -> None:
    plan = known(("driver", "535.309.01 proprietary debian", "live"))
    notice = noticed("PART-UNTRIED", plan)
    assert "Debian 12 (bookworm), x86_64" in notice.what
    assert "cuda 11.8 debian compile" in notice.what and "535" not in notice.what
    assert "python -m stacks matrix" in notice.remedy


def test_parts_from_stand_ins_are_named() -> None:
    plan = known(("cuda", "11.8 debian compile", "double"))
    assert noticed("PART-DOUBLE", plan).what.endswith(": cuda 11.8 debian compile.")


def test_nothing_is_said_where_all_is_live() -> None:
    plan = planned(H100, driver_origin="debian")
    assert plan.support == "live"
    assert not {notice.code for notice in plan.notices} & {"PART-UNTRIED", "PART-DOUBLE"}


def test_another_version_by_name_is_not_what_was_tried() -> None:
    profile = host("ubuntu-22.04", "h100")
    usual = planned(profile, without=["cuda", "torch"])
    older = planned(profile, without=["cuda", "torch"], driver_version="580.159.04")
    assert usual.driver is not None and older.driver is not None
    assert levels(usual)["driver"] == "double"
    assert older.driver.version != usual.driver.version
    assert levels(older)["driver"] == "plan"


@pytest.mark.parametrize("os", ["almalinux-9", "rhel-9"])
def test_release_that_is_like_another_was_not_tried_itself(os: str) -> None:
    assert set(levels(planned(host(os, "h100"))).values()) == {"plan"}


def test_plan_that_is_refused_anyway_says_so_once() -> None:
    plan = planned(host("debian-11", "v100"), without=["torch"])
    codes = {notice.code for notice in plan.notices}
    assert "PLAN-ONLY" in codes
    assert "PART-UNTRIED" not in codes
    assert plan.support == "plan"


@pytest.mark.parametrize(
    ("profile", "way"),
    [
        (host("debian-12", "k80"), "`python -m stacks matrix`"),
        (host("debian-12", "a100", arch="aarch64"), "use Debian 12 on x86_64"),
        (host("debian-11", "v100"), "use Debian 12 on x86_64"),
    ],
)
def test_way_out_of_a_plan_to_be_read_is_not_the_host_itself(
    profile: HostProfile, way: str
) -> None:
    assert way in noticed("PLAN-ONLY", planned(profile, without=["torch"])).remedy


def test_plan_without_a_lock_forecasts_no_run() -> None:
    """It would say that digests are known, below the notice that one is not."""
    stack = load_stack("pytorch-2.3-cu118-cudnn8")
    for found in (resolve(stack, H100, CATALOG).plan, image_plan(stack, H100, CATALOG).plan):
        assert found is not None and found.support == "plan"
        codes = {notice.code for notice in found.notices}
        assert "LOCK-MISSING" in codes
        assert not codes & {"PART-UNTRIED", "PART-DOUBLE"}


def test_container_hosts_engines_and_toolkit_have_levels_too() -> None:
    stack = with_requests(load_stack("pytorch-2.9"), {"driver_origin": "nvidia"}, containers=True)
    plan = resolve(stack, H100, CATALOG).plan
    assert plan is not None
    assert levels(plan) == {"driver": "double", "docker": "live", "toolkit": "double"}


def test_jetson_is_known_by_its_exact_release() -> None:
    stack = load_stack("jetson-cuda-11.8")
    for l4t, level in (("35.4.1", "double"), ("35.3.1", "plan")):
        board = HostProfile("ubuntu-20.04", "aarch64", jetson_l4t=l4t)
        plan = resolve(stack, board, CATALOG).plan
        assert plan is not None
        assert levels(plan) == {"cuda": level}


def test_image_has_one_part_with_all_that_is_in_it() -> None:
    stack = with_requests(load_stack("pytorch-2.9"), {"image_cuda": "devel"})
    plan = image_plan(stack, H100, NOTHING).plan
    assert plan is not None
    (row,) = plan.support_parts
    assert (row.part, row.level, plan.support) == ("image", "plan", "plan")
    assert row.what.startswith("torch-2.9.1-cu128-cp311-x86_64, CUDA 11.8 ")
    assert "PART-UNTRIED" in {notice.code for notice in plan.notices}


def test_digest_of_an_image_does_not_depend_on_what_was_tried() -> None:
    stack = load_stack("pytorch-2.9")
    plans = [image_plan(stack, H100, catalog).plan for catalog in (CATALOG, NOTHING)]
    assert len({plan.digest for plan in plans if plan is not None}) == 1
