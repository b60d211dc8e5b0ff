"""``python -m stacks mirrors``: which mirrors are known, what was seen of them, and when."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console

from stacks.catalog.decode import nearest
from stacks.catalog.mirrors import UPSTREAM, KnownMirror, Mirrors, MirrorSet
from stacks.catalog.read import Catalog
from stacks.explain.arguments import UsageError
from stacks.explain.words import say

_GONE = ("closed", "absent")


def command(console: Console, options: argparse.Namespace, catalog: Catalog) -> int:
    """Print one set, or all that is known; give the exit code.

    Raises:
        UsageError: There is no set of that name.
    """
    known = catalog.mirrors
    if options.set and options.set not in known.sets:
        close = nearest(options.set, known.sets, 1)
        meant = f' Did you mean "{close[0]}"?' if close else ""
        raise UsageError(f"there is no set {options.set}: {', '.join(known.sets)}.{meant}")
    names = (options.set,) if options.set else tuple(known.sets)
    if options.json:
        print(json.dumps(as_data(known, names), indent=2))
        return 0
    for name in names:
        _set(console, known, name, known.sets[name])
    wanted = {kind for name in names for kind in known.sets[name].kinds}
    _others(console, known, wanted if options.set else {*known.mirrors})
    say(console, "For the host's own sources, by hand (no set changes those):", "", style="bold")
    for distribution, rows in known.archives.items():
        for name, row in rows.items():
            say(console, f"{name} {row.address}: {_seen(row)}", f"  {distribution:<9} ")
    console.print()
    say(console, f"Looked up until {known.date}: {known.source}.", "")
    say(console, "Keys, digests and versions stay those of the catalogue and the locks.", "")
    return 0


def as_data(known: Mirrors, names: tuple[str, ...]) -> dict[str, Any]:
    """The sets and all that is said of each mirror, as plain data."""
    return {
        "date": known.date,
        "source": known.source,
        "sets": {
            name: {
                "about": known.sets[name].about,
                "kinds": {kind: [*members] for kind, members in known.sets[name].kinds.items()},
            }
            for name in names
        },
        "mirrors": {
            kind: {name: asdict(row) for name, row in rows.items()}
            for kind, rows in known.mirrors.items()
        },
        "archives": {
            of: {name: asdict(row) for name, row in rows.items()}
            for of, rows in known.archives.items()
        },
    }


def _set(console: Console, known: Mirrors, name: str, one: MirrorSet) -> None:
    say(console, f"{name}: {one.about}", "", style="bold")
    for kind, members in one.kinds.items():
        for place, member in enumerate(members, 1):
            lead = f"  {kind if place == 1 else '':<9} {place}. "
            if member == UPSTREAM:
                say(console, "upstream: the maker's own, or the client's default", lead)
                continue
            row = known.mirrors[kind][member]
            say(console, f"{member} {row.address}", lead)
            say(console, _seen(row), " " * len(lead))
    console.print()


def _others(console: Console, known: Mirrors, kinds: set[str]) -> None:
    """What was shut, never was, or is in no set."""
    rows = [*_left(known, kinds)]
    if rows:
        say(console, "Of the same kinds, in no set:", "", style="bold")
    for kind, name, row in rows:
        address = "" if row.address is None or row.state in _GONE else f" {row.address}"
        say(console, f"{name}{address}: {_seen(row)}", f"  {kind:<9} ")
    if rows:
        console.print()


def _left(known: Mirrors, kinds: set[str]) -> Iterator[tuple[str, str, KnownMirror]]:
    taken = {
        (kind, name)
        for one in known.sets.values()
        for kind, members in one.kinds.items()
        for name in members
    }
    for kind, rows in known.mirrors.items():
        for name, row in rows.items():
            if kind in kinds and (kind, name) not in taken:
                yield kind, name, row


def _seen(row: KnownMirror) -> str:
    state = row.state.replace("-", " ")
    when = f"{state}, seen {row.seen}" if row.seen else f"{state}, without a date"
    how = {"read": "its own page", "third-party": "a third party", "guess": "a guess"}[row.how]
    told = f"; {row.note}" if row.note else ""
    return f"{when} ({how}{f': {row.said_by}' if row.said_by else ''}){told}"
