"""How long things may take, and in which hours of the week hosts may be touched. Pure."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from gpuwright.roll.batches import AmountError

_DURATION = re.compile(r"([0-9]{1,7})(s|m|h|d|)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"(?:([a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*) +)?"
    r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])"
)
_DAY = 86400


def seconds(text: str, option: str) -> int:
    """``90``, ``90s``, ``45m``, ``2h`` or ``1d`` in seconds.

    Args:
        text: The value.
        option: The option that it belongs to, for the message.

    Raises:
        AmountError: It is something else.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise AmountError(f"{option} {text!r} is no time: 90s, 45m, 2h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


def shown(duration: float) -> str:
    """A time for a person: ``43 s``, ``12 min``, ``2 h 5 min``."""
    whole = round(duration)
    if whole < 120:
        return f"{whole} s"
    minutes = round(duration / 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def hosts(count: int) -> str:
    """``1 host``, ``3 hosts``."""
    return f"{count} host{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Window:
    """Hours in which hosts may be touched, by the clock of this machine."""

    text: str
    days: frozenset[int]
    """On which it opens; Monday is 0."""
    begin_s: int
    """Seconds after midnight."""
    length_s: int
    """It may end on the next day."""

    def left(self, now: datetime.datetime) -> float:
        """Seconds until it closes; 0: it is closed."""
        for ago in (0, 1):
            day = now - datetime.timedelta(days=ago)
            since = (now - self._opens(day)).total_seconds()
            if day.weekday() in self.days and 0 <= since < self.length_s:
                return self.length_s - since
        return 0.0

    def opens(self, now: datetime.datetime) -> datetime.datetime:
        """When it opens next, after now."""
        for ahead in range(9):
            day = now + datetime.timedelta(days=ahead)
            if day.weekday() in self.days and self._opens(day) > now:
                return self._opens(day)
        raise AssertionError("a week has all days")

    def _opens(self, day: datetime.datetime) -> datetime.datetime:
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + datetime.timedelta(seconds=self.begin_s)


def window(text: str) -> Window:
    """``22:00-06:00`` every night, ``Mon-Fri 22:00-06:00`` or ``Sat,Sun 08:00-20:00``.

    Raises:
        AmountError: It is something else.
    """
    found = _WINDOW.fullmatch(text.strip().lower())
    days = _days(found[1]) if found else None
    begin = int(found[2]) * 3600 + int(found[3]) * 60 if found else _DAY
    end = int(found[4]) * 3600 + int(found[5]) * 60 if found else _DAY
    if not days or begin >= _DAY or end > _DAY:
        raise AmountError(
            f"--window {text!r} is no window: 22:00-06:00, or with its days: "
            '"Mon-Fri 22:00-06:00", by the clock of this machine'
        )
    return Window(text.strip(), days, begin, (end - begin) % _DAY or _DAY)


def _days(text: str | None) -> frozenset[int]:
    """Days' numbers; none where one of them is no day."""
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            return frozenset()
        begin = _DAYS.index(first)
        many = (_DAYS.index(last) - begin) % 7 if last else 0
        found |= {(begin + more) % 7 for more in range(many + 1)}
    return frozenset(found)
