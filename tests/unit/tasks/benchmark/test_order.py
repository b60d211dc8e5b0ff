"""The order of the runs."""

from __future__ import annotations

import pytest

from tasks.benchmark.order import order


@pytest.mark.parametrize("runs", [5, 6, 8, 50])
def test_each_side_has_its_runs_and_neither_is_earlier(runs: int) -> None:
    turns = order(runs)
    assert turns[:8] == (0, 1, 1, 0, 0, 1, 1, 0)
    places = [[n for n, which in enumerate(turns) if which == side] for side in (0, 1)]
    assert [len(p) for p in places] == [runs, runs]
    apart = abs(sum(places[0]) - sum(places[1])) / runs
    assert apart <= (0 if runs % 2 == 0 else 1 / runs)
