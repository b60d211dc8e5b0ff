"""Two rows of values: how far apart they are, and how sure that is. Pure.

The best and the worst of each side are dropped, so the interval is that of trimmed means: Yuen's
(K. K. Yuen, "The two-sample trimmed t for unequal population variances", Biometrika 61, 1974), with
winsorized variances and Welch's degrees of freedom. A plain t interval over what is left would be
too narrow, since the dropped values are no accident.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.benchmark.order import LEAST

DROPPED = 1
"""At each end of each side."""
SURE = 0.95
"""That all intervals of one benchmark hold together: each gets its part (Bonferroni)."""
GAP = 0.5
"""Of the whole range: two groups of values lie so far apart (docs/benchmark-hosts.md)."""
WIDE = 0.02
"""Of the median: values that are closer together are no two groups."""
FAR = 5.0
"""How many times further from the median than half of the others a lone value lies."""
NOISY = 0.1
"""Of the mean: runs that differ by more among themselves say little."""
Kind = Literal["ratio", "points"]


@dataclass(frozen=True)
class Compared:
    """What came of two rows."""

    kept: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    """Without the best and the worst, in rising order."""
    means: tuple[float, float] | None = None
    """Of what was kept; of ratios the geometric ones."""
    effect: float | None = None
    """The second by the first, less 1; of points the second less the first."""
    low: float | None = None
    high: float | None = None
    sure: float = SURE
    """That the interval holds the effect, taken alone."""
    doubts: tuple[str, ...] = ()
    why: str = ""
    """Why there is no interval."""

    @property
    def differs(self) -> bool | None:
        """Whether the interval leaves zero out; None: there is no interval."""
        if self.low is None or self.high is None:
            return None
        return not self.low <= 0 <= self.high


def compared(
    first: Sequence[float],
    second: Sequence[float],
    kind: Kind = "ratio",
    among: int = 1,
    names: tuple[str, str] = ("the first", "the second"),
) -> Compared:
    """Compare the second row with the first.

    Args:
        first: Values of one side.
        second: Values of the other.
        kind: ``ratio``: times and rates, which are compared as parts; ``points``: shares.
        among: How many comparisons the benchmark has: the more, the wider each interval.
        names: Of the sides, for what is said of them.
    """
    sure = 1 - (1 - SURE) / max(1, among)
    rows = [_usable(row, kind) for row in (first, second)]
    doubts = [
        f"{name}: {len(row) - len(kept)} of {len(row)} values were no numbers"
        + (" above zero" if kind == "ratio" else "")
        for name, row, kept in zip(names, (first, second), rows, strict=True)
        if len(kept) < len(row)
    ]
    few = [f"{n}: {len(r)}" for n, r in zip(names, rows, strict=True) if len(r) < LEAST]
    if few:
        why = f"too few values ({', '.join(few)}; {LEAST} are needed on each side)"
        return Compared(sure=sure, doubts=tuple(doubts), why=why)
    for name, row in zip(names, rows, strict=True):
        doubts += [f"{name}: {doubt}" for doubt in doubts_of(row)]
    kept = [row[DROPPED : len(row) - DROPPED] for row in rows]
    scaled = [[math.log(v) for v in row] if kind == "ratio" else row for row in rows]
    middle, half = _yuen(scaled[0], scaled[1], sure)
    ends = (middle, middle - half, middle + half)
    effect, low, high = map(math.expm1, map(_bounded, ends)) if kind == "ratio" else ends
    mean = statistics.geometric_mean if kind == "ratio" else statistics.fmean
    return Compared(
        (tuple(kept[0]), tuple(kept[1])),
        (mean(kept[0]), mean(kept[1])),
        effect,
        low,
        high,
        sure,
        tuple(doubts),
    )


def _usable(row: Iterable[float], kind: Kind) -> list[float]:
    """The values that can be compared, in rising order."""
    return sorted(v for v in row if math.isfinite(v) and (v > 0 or kind == "points"))


def _bounded(value: float) -> float:
    return max(-50.0, min(50.0, value))


def _yuen(first: Sequence[float], second: Sequence[float], sure: float) -> tuple[float, float]:
    """The trimmed means' difference, and half of its interval; both rows in rising order."""
    means, parts, left = [], [], []
    for row in (first, second):
        count = len(row)
        kept = row[DROPPED : count - DROPPED]
        winsorized = [kept[0]] * DROPPED + [*kept] + [kept[-1]] * DROPPED
        freed = len(kept) - 1
        means.append(statistics.fmean(kept))
        parts.append((count - 1) * statistics.variance(winsorized) / (len(kept) * freed))
        left.append(freed)
    effect, whole = means[1] - means[0], sum(parts)
    if whole <= 0:
        return effect, 0.0
    freedom = whole**2 / sum(p**2 / n for p, n in zip(parts, left, strict=True))
    return effect, student(sure, freedom) * math.sqrt(whole)


def doubts_of(row: Sequence[float]) -> list[str]:
    """What makes a side's values doubtful; in rising order."""
    found: list[str] = []
    middle = statistics.median(row)
    if not middle:
        return found
    if groups := two_groups(row):
        low, high = groups
        found.append(
            f"the values fall into two groups, {len(low)} near {statistics.median(low):.4g} and "
            f"{len(high)} near {statistics.median(high):.4g}: something was switched meanwhile "
            "(clocks, other work), and the interval is not to be relied on"
        )
    elif lone := lone_value(row):
        found.append(f"one value, {lone:.4g}, is far from the others (median {middle:.4g})")
    kept = row[DROPPED : len(row) - DROPPED]
    if (spread := (kept[-1] - kept[0]) / abs(middle)) > NOISY:
        found.append(f"the kept values differ by {spread:.0%} among themselves: other work there?")
    return found


def two_groups(row: Sequence[float]) -> tuple[Sequence[float], Sequence[float]] | None:
    """The values below and above a wide gap, two at least on each side of it; None: no such gap."""
    whole = row[-1] - row[0]
    if len(row) < LEAST or whole <= WIDE * abs(statistics.median(row)):
        return None
    gaps = [(row[n] - row[n - 1], n) for n in range(2, len(row) - 1)]
    gap, where = max(gaps)
    # Within each group the values are close together, by what lies between the groups.
    inner = max(row[where - 1] - row[0], row[-1] - row[where])
    return (row[:where], row[where:]) if gap > GAP * whole and inner < gap / 2 else None


def lone_value(row: Sequence[float]) -> float | None:
    """The value at either end that is far from the others."""
    middle = statistics.median(row)
    usual = statistics.median(abs(v - middle) for v in row)
    end = max((row[0], row[-1]), key=lambda v: abs(v - middle))
    far = abs(end - middle)
    return end if far > FAR * usual and far > WIDE * abs(middle) else None


def student(sure: float, freedom: float) -> float:
    """Student's t that a value stays within, on both sides, with this probability.

    Found by halving, from the incomplete beta function (Abramowitz and Stegun 26.7.1, 26.5.8).
    """
    low, high = 0.0, 1e6
    for _ in range(70):
        middle = (low + high) / 2
        inside = 1 - _beta(freedom / (freedom + middle * middle), freedom / 2, 0.5)
        low, high = (middle, high) if inside < sure else (low, middle)
    return high


def _beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction."""
    if not 0 < x < 1:
        return max(0.0, min(1.0, x))
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(
        a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    )
    c, d, least = 1.0, 1 / max(1 - (a + b) * x / (a + 1), 1e-300), 1e-300
    found = d
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + step * d or least)
            c = 1 + step / c or least
            found *= d * c
        if abs(d * c - 1) < 1e-14:
            break
    return front * found / a
