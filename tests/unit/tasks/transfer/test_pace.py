"""How fast a file comes, and what is said of it."""

from __future__ import annotations

import pytest

from tasks.transfer.pace import Pace, amount, line


def test_transfer_below_the_floor_over_a_whole_span_stands_still() -> None:
    pace = Pace(0.0, floor=100, over_s=20)
    pace.came(1500, 19.0)
    assert not pace.stands_still(19.0) and pace.stands_still(20.0)


def test_burst_does_not_excuse_the_span_after_it() -> None:
    pace = Pace(0.0, floor=100, over_s=20)
    pace.came(10**6, 1.0)
    assert not pace.stands_still(20.0)
    pace.came(10, 39.0)
    assert pace.stands_still(40.0)


def test_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace(0.0, floor=1, over_s=20)
    assert pace.rate(0.0) == 0
    for second in range(1, 101):
        pace.came(1_000_000 if second <= 80 else 2_000_000, float(second))
    assert pace.rate(100.0) == pytest.approx(2_000_000, rel=0.05)


@pytest.mark.parametrize(
    ("there", "total", "rate", "expected"),
    [
        (612_000_000, 858_000_000, 4_200_000, "612 of 858 MB, 4.2 MB/s, 59 s left"),
        (0, 1_000_000, 0.0, "0.0 of 1.0 MB, 0.0 MB/s"),
        (2_500_000, None, 40_000, "2.5 MB, 0.040 MB/s"),
        (0, 3_000_000_000, 1_000_000, "0.0 of 3,000 MB, 1.0 MB/s, 50 min left"),
        (0, 30_000_000_000, 1_000_000, "0.0 of 30,000 MB, 1.0 MB/s, 8 h 20 min left"),
    ],
)
def test_line(there: int, total: int | None, rate: float, expected: str) -> None:
    assert line(there, total, rate) == expected
    assert expected.startswith(amount(there, total))
