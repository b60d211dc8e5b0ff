"""Durations, and the hours in which hosts may be touched."""

from __future__ import annotations

import datetime

import pytest

from gpuwright.roll.batches import AmountError
from gpuwright.roll.times import hosts, seconds, shown, window


def at(day: int, hour: int, minute: int = 0) -> datetime.datetime:
    """A time of a week that begins on Monday, 2 November 2026."""
    return datetime.datetime(2026, 11, 2 + day, hour, minute)


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("45m", 2700), ("2h", 7200), ("1d", 86400)]
)
def test_times_have_units(text: str, expected: int) -> None:
    assert seconds(text, "--deadline") == expected


@pytest.mark.parametrize("text", ["", "h", "1.5h", "-1", "1h30m", "1 h", "1w", "99999999"])
def test_what_is_no_time_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(AmountError, match="--busy-limit"):
        seconds(text, "--busy-limit")


def test_times_are_shown_for_a_person() -> None:
    told = [shown(each) for each in (0, 43.4, 119.4, 130, 3600, 7500)]
    assert told == ["0 s", "43 s", "119 s", "2 min", "1 h", "2 h 5 min"]
    assert [hosts(count) for count in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]


def test_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    nights = window("Mon-Fri 22:00-06:00")
    assert nights.left(at(0, 22)) == 8 * 3600
    assert nights.left(at(1, 5, 30)) == 1800
    assert nights.left(at(1, 6)) == 0
    assert nights.left(at(5, 5)) == 3600, "Friday's night ends on Saturday"
    assert nights.left(at(5, 23)) == 0
    assert nights.left(at(0, 5)) == 0, "Sunday's night is none"
    assert nights.opens(at(5, 5)) == at(7, 22)
    assert nights.opens(at(0, 21, 59)) == at(0, 22)


def test_window_without_days_is_every_day() -> None:
    assert window("08:00-20:00").left(at(6, 19)) == 3600
    assert window("00:00-24:00").left(at(6, 12)) == 12 * 3600
    assert window("Sat,Sun 00:00-00:00").left(at(5, 1)) == 23 * 3600
    assert window("Fri-Mon 10:00-11:00").days == frozenset({4, 5, 6, 0})


@pytest.mark.parametrize(
    "text", ["", "22-6", "25:00-06:00", "22:00-24:30", "Noday 22:00-06:00", "Mon- 22:00-06:00"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(AmountError, match="--window"):
        window(text)
