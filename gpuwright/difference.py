"""What one release plans otherwise than another, for the same hosts. Plain data, and pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stacks.model.plain import one_line

PROSE = ("reasons",)
"""Parts of a plan that say why, and decide nothing."""
_KEYS = ("name", "code", "part", "model")
"""By what an entry of a list is told from its neighbours."""
_MOST = 70
"""Characters of a value that are printed."""


@dataclass(frozen=True)
class Host:
    """What differs for one host."""

    name: str
    before: str
    """``plan``, ``conflict`` or ``unknown``."""
    after: str
    changes: tuple[str, ...] = ()
    """Lines such as ``driver.version: 580.159.04 -> 580.178.04``."""
    conflicts: tuple[str, ...] = ()
    """Conflicts that only the other release has: code and sentence."""
    steps: tuple[str, ...] = ()
    """What the other release's deploy would do there, where that is not the same."""

    @property
    def same(self) -> bool:
        """Whether nothing would change."""
        return self.before == self.after and not (self.changes or self.conflicts or self.steps)

    @property
    def known(self) -> bool:
        """Whether both releases have an answer for it."""
        return "unknown" not in (self.before, self.after)


def hosts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Host]:
    """Every host's difference, by name, from both answers of ``deploys/plan.py`` as JSON.

    Args:
        old: Host to its answer by the release that is installed.
        new: The same by the other one.
    """
    return [host(name, old.get(name) or {}, new.get(name) or {}) for name in {**old, **new}]


def host(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Host:
    """The difference for one host."""
    before, after = (str(said.get("verdict", "unknown")) for said in (old, new))
    changes: tuple[str, ...] = ()
    if before == after == "plan" and _text(_plan(old)) != _text(_plan(new)):
        changes = tuple(_changes(flat(_plan(old)), flat(_plan(new))))
        changes = changes or ("its parts have another shape, with the same values",)
    elsewhere = {_conflict(said) for said in old.get("conflicts") or ()}
    conflicts = [
        said for c in new.get("conflicts") or () if (said := _conflict(c)) not in elsewhere
    ]
    steps = new.get("forecast") or ()
    if steps == (old.get("forecast") or ()) or after != "plan":
        steps = ()
    return Host(name, before, after, changes, tuple(conflicts), tuple(map(one_line, steps)))


def _plan(said: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in (said.get("plan") or {}).items() if k not in (*PROSE, "digest")}


def _text(plan: Mapping[str, Any]) -> str:
    return json.dumps(plan, sort_keys=True)


def _conflict(said: Mapping[str, Any]) -> str:
    return f"{said.get('code', '')}: {one_line(str(said.get('what', '')))}"


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested data as one level: ``{"driver.version": "580.178.04"}``.

    Entries of a list go by what tells them apart, so that one more does not make all others new;
    a list of plain words is one value.
    """
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, Sequence) and not isinstance(value, str) and any(map(_is_big, value)):
        keys = [_key(entry, at) for at, entry in enumerate(value)]
        alike = len({*keys}) < len(keys)
        inner = {
            str(at) if alike else key: entry
            for at, (key, entry) in enumerate(zip(keys, value, strict=True))
        }.items()
    else:
        return {path: value}
    found: dict[str, Any] = {}
    for key, entry in inner:
        found.update(flat(entry, f"{path}.{key}" if path else str(key)))
    return found


def _is_big(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _key(entry: Any, at: int) -> str:
    named = (entry.get(key) for key in _KEYS) if isinstance(entry, Mapping) else ()
    return next((str(name) for name in named if name), str(at))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        if isinstance(before, list) and isinstance(after, list):
            gone = ", ".join(_value(word) for word in before if word not in after)
            more = ", ".join(_value(word) for word in after if word not in before)
            said = [f"gone: {gone}"] * bool(gone) + [f"new: {more}"] * bool(more)
            yield f"{path}: {'; '.join(said) or 'in another order'}"
        else:
            yield f"{path}: {_value(before)} -> {_value(after)}"


def _value(value: Any) -> str:
    said = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    said = one_line("none" if value is None else said)
    return said if len(said) <= _MOST else f"{said[: _MOST - 1]}…"
