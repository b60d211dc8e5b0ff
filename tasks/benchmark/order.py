"""In which order two sides are measured: A B B A, again and again. Pure.

What drifts with time alone (a host that warms up, a disk that fills) then counts for both alike: in
each four, both sides are on average at the same time.
"""

from __future__ import annotations

LEAST = 5
"""Runs of each side: the best and the worst are dropped, and fewer than three tell nothing."""


def order(runs: int) -> tuple[int, ...]:
    """0 and 1, each so often: ``0 1 1 0 0 1 1 0 …``.

    Args:
        runs: Of each side.
    """
    return tuple((0, 1, 1, 0)[place % 4] for place in range(2 * runs))
