"""Where a group of facts comes from, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stacks.model.support import Level

Confidence = Literal["primary-checked", "primary-text", "secondary", "memory", "unverified"]
"""``primary-checked``: run or opened by us; ``primary-text``: the maker's own documentation;
``secondary``: a third party's word; ``memory``: recalled, not checked; ``unverified``."""

Support = Level
"""Whether a deploy may carry an offer out: not where it is ``plan``. What it was carried out on,
and how far, is in ``support.yaml``."""


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
