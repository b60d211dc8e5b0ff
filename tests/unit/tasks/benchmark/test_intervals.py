"""Two rows of values: what is told of made distributions whose truth is known."""

from __future__ import annotations

import math
import random

import pytest

from tasks.benchmark.intervals import compared, doubts_of, lone_value, student, two_groups
from tests.unit.tasks.benchmark.a_benchmark import row


def test_equal_rows_have_no_difference() -> None:
    found = compared(row(100), row(100, seed=2))
    assert found.differs is False
    assert found.low is not None and found.high is not None and found.low < 0 < found.high
    assert found.doubts == ()


def test_rows_of_one_value_each_are_equal_without_an_interval_s_width() -> None:
    found = compared([7.0] * 6, [7.0] * 6)
    assert (found.effect, found.low, found.high, found.differs) == (0, 0, 0, False)


@pytest.mark.parametrize("part", [0.02, 0.12, -0.02, -0.12])
def test_difference_is_seen_and_its_size_is_within_the_interval(part: float) -> None:
    found = compared(row(100), row(100 * (1 + part), seed=2), among=12)
    assert found.differs is True
    assert found.low is not None and found.high is not None
    assert found.low < part < found.high
    assert found.high - found.low < 0.012


def test_small_difference_in_much_noise_is_not_claimed() -> None:
    assert compared(row(100, noise=0.04), row(102, noise=0.04, seed=2), among=12).differs is False


@pytest.mark.parametrize("runs", [5, 8])
def test_intervals_hold_the_truth_as_often_as_they_say(runs: int) -> None:
    """Of 400 benchmarks of equal sides, 5 % claim a difference: 2 to 8 % by chance."""
    draw = random.Random(7)
    wrong = sum(
        bool(
            compared(
                [draw.gauss(100, 1) for _ in range(runs)],
                [draw.gauss(100, 2) for _ in range(runs)],
            ).differs
        )
        for _ in range(400)
    )
    assert 0.02 < wrong / 400 < 0.08


def test_more_comparisons_make_each_interval_wider() -> None:
    alone, among = (compared(row(100), row(101, seed=2), among=n) for n in (1, 12))
    assert alone.low is not None and among.low is not None and among.low < alone.low
    assert among.sure == pytest.approx(1 - 0.05 / 12)


def test_one_outlier_neither_makes_nor_hides_a_difference() -> None:
    spoiled = [*row(100, runs=7), 300.0]
    equal, worse = (compared(spoiled, row(m, seed=2)) for m in (100, 112))
    assert equal.differs is False and worse.differs is True
    assert worse.effect == pytest.approx(0.12, abs=0.01)
    assert any("one value, 300" in doubt for doubt in equal.doubts)
    assert 300.0 not in equal.kept[0]


def test_two_groups_are_told() -> None:
    mixed = [*row(100, runs=4), *row(120, runs=4, seed=3)]
    found = compared(mixed, row(110, seed=2), names=("native", "image"))
    (doubt,) = [d for d in found.doubts if "two groups" in d]
    assert doubt.startswith("native: the values fall into two groups, 4 near 100")
    assert found.differs is False


@pytest.mark.parametrize("gap", [0.001, 0.1])
def test_groups_count_only_where_they_are_far_apart(gap: float) -> None:
    values = sorted([*row(100, 1e-4, 4), *row(100 * (1 + gap), 1e-4, 4, seed=3)])
    assert (two_groups(values) is not None) == (gap > 0.02)


def test_evenly_spread_values_are_one_group() -> None:
    assert two_groups([float(v) for v in range(100, 110)]) is None
    assert lone_value([float(v) for v in range(100, 110)]) is None


@pytest.mark.parametrize("count", [0, 1, 4])
def test_few_values_are_not_compared(count: int) -> None:
    found = compared([1.0] * count, row(1.0), names=("native", "image"))
    assert found.differs is None and found.effect is None
    assert found.why == f"too few values (native: {count}; 5 are needed on each side)"


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_number_is_left_out_and_told(bad: float) -> None:
    found = compared([*row(100), bad], row(100, seed=2))
    assert found.differs is False
    assert found.doubts == ("the first: 1 of 9 values were no numbers above zero",)


def test_nothing_but_zero_is_not_compared_as_a_part() -> None:
    assert compared([0.0] * 8, [0.0] * 8).why.startswith("too few values")


def test_shares_are_compared_by_points_and_may_be_zero() -> None:
    found = compared(row(0.23, 0.01), row(0.17, 0.01, seed=2), "points")
    assert found.effect == pytest.approx(-0.06, abs=0.003) and found.differs
    none = compared([0.0] * 8, [0.0] * 8, "points")
    assert (none.effect, none.differs, none.doubts) == (0.0, False, ())


@pytest.mark.parametrize(
    ("sure", "freedom", "wanted"),
    [(0.95, 1, 12.706), (0.95, 4, 2.776), (0.99, 10, 3.169), (0.9, 30, 1.697), (0.95, 1e7, 1.96)],
)
def test_student_s_t_is_that_of_the_printed_tables(
    sure: float, freedom: float, wanted: float
) -> None:
    assert student(sure, freedom) == pytest.approx(wanted, abs=6e-4)


def test_runs_that_differ_much_are_told() -> None:
    (said,) = doubts_of([80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0])
    assert "differ by 20%" in said
