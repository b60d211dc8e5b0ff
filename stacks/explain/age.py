"""How old the catalogue's facts are, and those that a plan rests on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from stacks.catalog.provenance import Group
from stacks.catalog.read import Catalog
from stacks.model.image import ImagePlan
from stacks.model.messages import Notice
from stacks.model.plan import Plan

P = TypeVar("P", Plan, ImagePlan)

LIMIT_DAYS = 60
"""After so many days drivers, wheels and repositories have mostly moved on."""


def facts(catalog: Catalog) -> list[tuple[str, str]]:
    """Day and source of every group of facts, the oldest first."""
    return sorted({(group.date, group.source) for group in _groups(catalog)})


def _groups(value: Any) -> Iterator[Group]:
    if isinstance(value, Group):
        yield value
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _groups(item)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _groups(getattr(value, one.name))


def is_old(day: str, today: datetime.date) -> bool:
    """Whether a day (``2026-11-21``) is more than `LIMIT_DAYS` before ``today``."""
    return (today - datetime.date.fromisoformat(day)).days > LIMIT_DAYS


def with_age(plan: P, today: datetime.date) -> P:
    """The plan, with CATALOGUE-OLD where it rests on facts that are old."""
    cited = {
        (day, reason.subject)
        for reason in plan.reasons
        for day in re.findall(r"\((\d{4}-\d{2}-\d{2})(?:, [a-z-]+)?\)$", reason.source)
        if is_old(day, today)
    }
    if not cited:
        return plan
    parts = dict.fromkeys(subject for _, subject in sorted(cited))
    notice = Notice(
        "CATALOGUE-OLD",
        f"This plan rests on facts that were looked up more than {LIMIT_DAYS} days ago.",
        f"The oldest is of {min(day for day, _ in cited)}; they are about {', '.join(parts)}. "
        "Newer versions, and faults of these, are not known here.",
        "Take a newer release of gpuwright; `make catalogue-age` lists the facts.",
        "stacks/catalog",
    )
    return replace(plan, notices=(*plan.notices, notice))
