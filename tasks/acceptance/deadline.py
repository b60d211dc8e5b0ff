"""A level's time, and how much of it a part may take. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """The end of a level: parts get what is left of it, and none begins that cannot end.

    Args:
        seconds: From now on.
        clock: For tests.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._clock = seconds, clock
        self._end = clock() + seconds

    @property
    def left(self) -> int:
        """Whole seconds that are left; 0 once it is over."""
        return max(0, int(self._end - self._clock()))

    def share(self, most: int, least: int, keep: int = 0) -> int:
        """Seconds for a part; 0: it would have fewer than it needs.

        Args:
            most: That it may take.
            least: That it needs.
            keep: Seconds for what comes after it.
        """
        given = min(most, self.left - keep)
        return given if given >= least else 0

    @property
    def why(self) -> str:
        """Why a part was left out."""
        return f"no time was left within {self.seconds:g} s (host data verify_limit)"
