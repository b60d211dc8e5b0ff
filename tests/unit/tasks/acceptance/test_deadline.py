"""A level's time: parts share what is left, and none begins that cannot end."""

from __future__ import annotations

import pytest

from tasks.acceptance.deadline import Deadline


class AClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("passed", "left", "share"),
    [(0, 60, 40), (15.2, 44, 40), (25, 35, 35), (45, 15, 15), (45.5, 14, 0), (300, 0, 0)],
)
def test_part_gets_what_is_left_and_nothing_where_that_is_too_little(
    passed: float, left: int, share: int
) -> None:
    clock = AClock()
    end = Deadline(60, clock)
    clock.now += passed
    assert (end.left, end.share(40, 15)) == (left, share)


def test_what_comes_later_keeps_its_own() -> None:
    end = Deadline(60, AClock())
    assert end.share(60, 10, keep=45) == 15
    assert end.share(60, 20, keep=45) == 0


def test_reason_names_the_limit_and_how_to_change_it() -> None:
    assert Deadline(300).why == "no time was left within 300 s (host data verify_limit)"
