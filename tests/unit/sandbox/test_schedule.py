"""The order in which tests of hosts run."""

from __future__ import annotations

from pathlib import Path

from tests.hosts import schedule

HOSTS = Path(schedule.__file__).parent


def test_every_module_has_its_place_and_time() -> None:
    assert set(schedule.MINUTES) == {path.stem for path in HOSTS.glob("test_*.py")}


def test_modules_of_one_host_stand_together() -> None:
    groups = [schedule.group(name) for name in schedule.MINUTES]
    assert len({*groups}) == sum(a != b for a, b in zip(groups, [*groups[1:], ""], strict=True))
