"""One host as it was read once: what a report is made from. Pure.

A reading comes from a host, from a report that was kept, or from another controller's. Whoever
wrote it, it is data: a part that is missing or is something else counts as not known.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from stacks.model.plain import plain, plain_value
from tasks.finding import SEVERITY, Level

MOST = 400
"""Characters of one text, and entries of one list."""
MOST_NAME = 255
"""Characters of a host's name: that of a domain (RFC 1035)."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Component:
    """One part of a host."""

    actual: str | None
    """What is there, as text; None: not known."""
    planned: str | None = None
    """What the plan says; None: nothing."""
    as_planned: bool | None = None
    """None: the plan says nothing of it, or there is no plan."""


@dataclass(frozen=True)
class Seen:
    """A finding of the doctor or of verify."""

    code: str
    level: Level
    what: str
    observed: str = ""
    do: str = ""
    command: str = ""


@dataclass(frozen=True)
class Gpu:
    """One GPU's health at rest."""

    where: str
    """PCI address."""
    name: str = ""
    well: bool | None = None
    """None: not told."""
    said: str = ""
    """``ECC on, 0 uncorrected, 41 C``."""


@dataclass(frozen=True)
class Moved:
    """A package that moved on the host."""

    at: str
    package: str
    before: str = ""
    after: str = ""
    by: str = ""


@dataclass(frozen=True)
class Kept:
    """A result of an earlier run on the host."""

    at: str = ""
    verdict: str = ""
    level: str = ""
    said: tuple[str, ...] = ()
    """``hbm_bandwidth 0000:17:00.0: 2903 GB/s``, or codes."""


@dataclass(frozen=True)
class Reading:
    """One host, as it was read."""

    host: str
    group: str = "all"
    """Hosts that are compared with each other."""
    read_at: str = ""
    """UTC, ``2026-11-30T15:00:00Z``; empty: never."""
    answered: bool = True
    """Whether it answered when it was asked last."""
    why: str = ""
    """Why it did not."""
    asked_at: str = ""
    """When it was asked last."""
    verdict: Level = "UNKNOWN"
    proof: str = ""
    stack: str = ""
    deploy: str = ""
    """Which brings it to its plan: ``deploys/gpu_host.py``."""
    components: Mapping[str, Component] = field(default_factory=dict)
    findings: tuple[Seen, ...] = ()
    next_boot: bool | None = None
    """Whether the GPUs will work after the next boot; None: not known."""
    next_boot_why: str = ""
    gpus: tuple[Gpu, ...] = ()
    held: tuple[str, ...] = ()
    moves: tuple[Moved, ...] = ()
    verify: Kept | None = None
    benchmark: Kept | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    """Installed ones of interest: name to version."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else a bug report needs: ``CPU``, ``glibc``, ``topology`` …"""


def as_data(reading: Reading) -> dict[str, Any]:
    """The reading as JSON has it; what is empty or not known is left out, but for its verdict."""
    data = _without_nothing(dataclasses.asdict(reading))
    data.pop("host")
    return {**data, "answered": reading.answered, "verdict": reading.verdict}


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = ((k, _without_nothing(v)) for k, v in value.items())
        return {k: v for k, v in pairs if v not in (None, "", [], {})}
    return [_without_nothing(v) for v in value] if isinstance(value, list | tuple) else value


def of_data(host: str, data: Any) -> Reading:
    """The reading that somebody wrote. Nothing is raised, whatever it holds.

    Args:
        host: Its name.
        data: As `as_data` gives it.
    """
    said = plain_value(data) if isinstance(data, Mapping) else {}
    return Reading(
        host=text(plain(host), MOST_NAME),
        group=text(said.get("group")) or "all",
        read_at=time_of(said.get("read_at")),
        answered=said.get("answered") is True,
        why=text(said.get("why")),
        asked_at=time_of(said.get("asked_at")),
        verdict=_level(said.get("verdict")),
        proof=text(said.get("proof")),
        stack=text(said.get("stack")),
        deploy=text(said.get("deploy")),
        components=_components(said.get("components")),
        findings=tuple(f for i in _objects(said.get("findings")) if (f := _seen(i)).code),
        next_boot=flag(said.get("next_boot")),
        next_boot_why=text(said.get("next_boot_why")),
        gpus=tuple(gpu for i in _objects(said.get("gpus")) if (gpu := _gpu(i)).where),
        held=_texts(said.get("held")),
        moves=tuple(m for i in _objects(said.get("moves")) if (m := _moved(i)).package),
        verify=kept(said.get("verify")),
        benchmark=kept(said.get("benchmark")),
        packages=_pairs(said.get("packages"), 5 * MOST),
        facts=_pairs(said.get("facts"), MOST, 20 * MOST),
    )


def text(value: Any, most: int = MOST) -> str:
    """The text, bounded; empty where it is none. A number counts as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        said = str(value)
    except ValueError:  # a number of thousands of digits
        return ""
    return said if len(said) <= most else said[: most - 1] + "…"


def _level(value: Any) -> Level:
    return value if isinstance(value, str) and value in SEVERITY else "UNKNOWN"


def flag(value: Any) -> bool | None:
    """Yes, no, or not known."""
    return value if isinstance(value, bool) else None


def time_of(value: Any) -> str:
    """The time where it is one: ``2026-11-30T15:00:00Z``; else empty."""
    return value if isinstance(value, str) and moment(value) is not None else ""


def moment(at: str) -> datetime | None:
    """A time as reports say it; None: it is none."""
    if not _TIME.fullmatch(at):
        return None
    try:
        return datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def kept(value: Any) -> Kept | None:
    """A result that was kept; None: there is none."""
    if not isinstance(value, Mapping):
        return None
    found = Kept(
        time_of(value.get("at")),
        text(value.get("verdict"), 40),
        text(value.get("level"), 40),
        _texts(value.get("said")),
    )
    return found if found != Kept() else None


def _components(value: Any) -> dict[str, Component]:
    found = {}
    for name, item in _items(value, MOST):
        if isinstance(item, Mapping):
            actual, planned = text(item.get("actual")), text(item.get("planned"))
            one = Component(actual or None, planned or None, flag(item.get("as_planned")))
            if one != Component(None):
                found[name] = one
    return found


def _seen(item: Mapping[str, Any]) -> Seen:
    return Seen(
        text(item.get("code"), 60),
        _level(item.get("level")),
        *(text(item.get(key)) for key in ("what", "observed", "do", "command")),
    )


def _gpu(item: Mapping[str, Any]) -> Gpu:
    where, name, said = (text(item.get(key)) for key in ("where", "name", "said"))
    return Gpu(where, name, flag(item.get("well")), said)


def _moved(item: Mapping[str, Any]) -> Moved:
    keys = ("package", "before", "after", "by")
    return Moved(time_of(item.get("at")), *(text(item.get(key)) for key in keys))


def _objects(value: Any) -> Iterable[Mapping[str, Any]]:
    items = value[:MOST] if isinstance(value, list | tuple) else ()
    return (item for item in items if isinstance(item, Mapping))


def _texts(value: Any) -> tuple[str, ...]:
    items = value[:MOST] if isinstance(value, list | tuple) else ()
    return tuple(said for item in items if (said := text(item)))


def _pairs(value: Any, most: int, each: int = MOST) -> dict[str, str]:
    return {name: said for name, item in _items(value, most) if (said := text(item, each))}


def _items(value: Any, most: int) -> list[tuple[str, Any]]:
    pairs = list(value.items())[:most] if isinstance(value, Mapping) else []
    return [(text(name), item) for name, item in pairs if text(name)]
