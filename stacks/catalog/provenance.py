"""Where a group of facts comes from, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Confidence = Literal["primary-checked", "primary-text", "secondary", "memory", "unverified"]
"""``primary-checked``: run or opened by us; ``primary-text``: the maker's own documentation;
``secondary``: a third party's word; ``memory``: recalled, not checked; ``unverified``."""

Support = Literal["live", "double", "plan"]
"""``live``: installed for real by our tests; ``double``: by our tests, from a stand-in of its
server; ``plan``: resolved only, nothing installs it yet."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Where a group of facts comes from."""

    source: str
    date: str
    """Day on which the fact was looked up: ``2026-11-21``."""
    confidence: Confidence

    @property
    def cite(self) -> str:
        """Source with its date, and the doubt where there is one."""
        doubt = "" if self.confidence.startswith("primary") else f", {self.confidence}"
        return f"{self.source} ({self.date}{doubt})"
