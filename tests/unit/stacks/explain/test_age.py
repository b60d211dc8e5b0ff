"""Facts have a day; a plan that rests on old ones says so."""

from __future__ import annotations

import datetime

from stacks.explain import age
from stacks.load import load_stack
from stacks.resolve_image import image_plan
from tests.unit.stacks.hosts import CATALOG, host, noticed, planned

LOOKED_UP = max(datetime.date.fromisoformat(day) for day, _ in age.facts(CATALOG))


def test_facts_of_every_file_are_listed_with_their_day_the_oldest_first() -> None:
    found = age.facts(CATALOG)
    assert [day for day, _ in found] == sorted(day for day, _ in found)
    sources = {source for _, source in found}
    assert CATALOG.drivers.branches.source in sources
    assert CATALOG.distributions["debian-12"].source in sources


def test_plan_says_nothing_on_the_day_and_is_old_after_the_limit() -> None:
    plan = planned(host("debian-12", "h100"))
    assert age.with_age(plan, LOOKED_UP) == plan
    later = age.with_age(plan, LOOKED_UP + datetime.timedelta(days=age.LIMIT_DAYS + 1))
    assert "driver" in noticed("CATALOGUE-OLD", later).why
    assert later.digest == plan.digest


def test_image_that_rests_on_old_facts_says_so_too() -> None:
    plan = image_plan(load_stack("pytorch-2.9"), host("debian-12", "h100"), CATALOG).plan
    assert plan is not None
    later = age.with_age(plan, LOOKED_UP + datetime.timedelta(days=age.LIMIT_DAYS + 1))
    assert "CATALOGUE-OLD" in {notice.code for notice in later.notices}
    assert later.digest == plan.digest


def test_day_of_the_limit_is_not_old_yet() -> None:
    today = datetime.date(2026, 11, 30)
    last = today - datetime.timedelta(days=age.LIMIT_DAYS)
    assert not age.is_old(last.isoformat(), today)
    assert age.is_old((last - datetime.timedelta(days=1)).isoformat(), today)
