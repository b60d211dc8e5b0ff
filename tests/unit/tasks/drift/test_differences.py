"""Against plan, against the group, against itself."""

from __future__ import annotations

from dataclasses import replace

from tasks.drift.differences import Change, changed, of_fleet
from tasks.drift.groups import grouped
from tasks.drift.reading import Component, Moved, Reading
from tests.unit.tasks.drift.a_fleet import NEW, NOW, OLD, TUESDAY, alike, host


def told(
    *readings: Reading, changes: tuple[Change, ...] = ()
) -> set[tuple[str, str, tuple[str, ...]]]:
    """Host, component, and against what."""
    found = of_fleet(readings, grouped(readings), changes, "inventories/lab.py")
    return {(d.host, d.component, d.against) for d in found}


def test_host_that_is_as_planned_is_right_where_most_of_its_group_are_not() -> None:
    astray = [host(name, driver=Component(OLD, NEW, False)) for name in "abc"]
    right = host("d", driver=Component(NEW, NEW, True))
    assert told(*astray, right) == {(name, "driver", ("plan",)) for name in "abc"}


def test_host_whose_plan_follows_it_is_told_against_its_group() -> None:
    assert told(*alike("abc"), host("d", driver=Component(NEW, NEW, True))) == {
        ("d", "driver", ("group",))
    }


def test_plan_that_says_nothing_and_a_host_that_tells_nothing_are_no_difference() -> None:
    assert told(*alike("abc"), host("d", driver=Component(None))) == set()


def test_name_of_a_host_and_of_an_inventory_cannot_become_a_command() -> None:
    evil = "x; reboot #"
    readings = [*alike("abc"), host(evil, driver=Component(NEW, NEW, True))]
    (found,) = of_fleet(readings, grouped(readings), (), "a b.py")
    assert f"pyinfra 'a b.py' deploys/gpu_host.py --limit '{evil}'" in found.fix
    wild = replace(readings[-1], deploy="deploys/x.py; reboot")
    (found,) = of_fleet([*alike("abc"), wild], grouped(readings), (), "")
    assert "reboot --" not in found.fix
    assert found.fix.startswith("pyinfra INVENTORY deploys/gpu_host.py")


def moved(at: str, package: str = "libcuda1", by: str = "unattended-upgrades") -> Moved:
    """A move of this package."""
    return Moved(at, package, "1", "2", by)


def test_move_outside_of_the_time_and_of_another_package_explains_nothing() -> None:
    before = {"a": host("a", at=TUESDAY)}
    for move in (moved("2026-11-01T00:00:00Z"), moved("2026-11-25T00:00:00Z", "docker-ce")):
        now = replace(host("a", driver=Component(NEW)), moves=(move,))
        (change,) = changed([now], before)
        assert (change.since, change.moved_by, change.last_seen) == ("", "", TUESDAY)


def test_last_move_counts() -> None:
    moves = (moved("2026-11-26T00:00:00Z", by="ana"), moved("2026-11-25T00:00:00Z"))
    now = replace(host("a", driver=Component(NEW)), moves=moves)
    (change,) = changed([now], {"a": host("a", at=TUESDAY)})
    assert (change.since, change.moved_by) == ("2026-11-26T00:00:00Z", "ana")


def test_silent_host_and_the_same_reading_have_not_changed() -> None:
    old = {"a": host("a", at=NOW)}
    assert changed([host("a", driver=Component(NEW))], old) == ()
    silent = replace(host("a", driver=Component(NEW)), answered=False)
    assert changed([silent], {"a": host("a", at=TUESDAY)}) == ()


def test_component_that_was_not_known_before_has_not_changed() -> None:
    before = {"a": host("a", at=TUESDAY, driver=Component(None))}
    assert changed([host("a")], before) == ()
