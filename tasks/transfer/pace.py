"""How fast a file comes: whether that is fast enough, and what a person reads of it. Pure."""

from __future__ import annotations

_KEPT_S = 10.0
"""The rate that is told is that of the last seconds."""


class Pace:
    """Bytes over time of one answer."""

    def __init__(self, now: float, floor: float, over_s: float) -> None:
        """Begin to count.

        Args:
            now: Seconds of a clock that only goes forward.
            floor: Bytes per second below which a transfer stands still.
            over_s: Seconds over which that is looked at.
        """
        self._floor, self._over_s = floor, over_s
        self._since, self._came = now, 0
        self._told: list[tuple[float, int]] = [(now, 0)]
        self._all = 0

    def came(self, size: int, now: float) -> None:
        """So many bytes more."""
        self._all += size
        self._came += size
        if now - self._told[-1][0] >= 1:
            self._told.append((now, self._all))
            while len(self._told) > 2 and now - self._told[1][0] >= _KEPT_S:
                self._told.pop(0)

    def stands_still(self, now: float) -> bool:
        """Whether less came than the floor, over the whole of the last span."""
        if now - self._since < self._over_s:
            return False
        slow = self._came < self._floor * (now - self._since)
        self._since, self._came = now, 0
        return slow

    def rate(self, now: float) -> float:
        """Bytes per second, lately."""
        then, had = self._told[0]
        return (self._all - had) / (now - then) if now > then else 0.0


def line(there: int, total: int | None, rate: float) -> str:
    """How far it is, with rate and time left: ``612 of 858 MB, 4.2 MB/s, 59 s left``."""
    said = f"{amount(there, total)}, {_number(rate)} MB/s"
    if total is None or rate <= 0:
        return said
    return f"{said}, {_duration((total - there) / rate)} left"


def amount(there: int, total: int | None) -> str:
    """``612 of 858 MB``; ``612 MB`` where nobody knows of how many."""
    return f"{_number(there)} MB" if total is None else f"{_number(there)} of {_number(total)} MB"


def _number(size: float) -> str:
    mb = size / 1e6
    return f"{mb:,.0f}" if mb >= 10 else f"{mb:.1f}" if mb >= 0.1 or not mb else f"{mb:.3f}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
