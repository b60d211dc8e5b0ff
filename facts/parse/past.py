"""Packages that moved, by the logs of apt, dpkg and dnf; and results of earlier runs. Pure.

Formats: apt's ``history.log`` (paragraphs, the host's local time), dpkg.log (local time), and
``dnf.rpm.log`` of dnf 4 (times with their zone). A line that is of no such format is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from facts.parse import jsontext
from facts.parse.sections import Section, split
from facts.past_model import Move, Past

MOST = 2000
"""Moves of one host that are told, the newest ones."""
_INTEREST = re.compile(
    r"nvidia|cuda|cudnn|nccl|^linux-image|docker|containerd|podman|^kernel-core|^kmod-"
)
_FIELD = re.compile(r"([A-Z][A-Za-z-]{2,15}): (.*)")
_NAMED = re.compile(r"([a-z0-9][a-z0-9+.-]{0,120})(?::[a-z0-9-]{1,20})? \(([^()]{0,300})\)")
_DPKG = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (install|upgrade|remove|purge)"
    r" (\S{1,150}) (\S{1,150}) (\S+)"
)
_DNF = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]\d{4}|Z)? \w+ (\w+): (\S{1,300})")
_COMMAND = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]\d{4}|Z)? DDEBUG Command: (.{1,300})")
_NEVRA = re.compile(r"(.+)-((?:\d+:)?[^-]+-[^-]+)\.[^.-]+")
_DNF_BEGAN = timedelta(hours=6)
"""A command of dnf may take this long before its packages move."""


def past(output: Iterable[str]) -> Past:
    """The answer. Raises `ProbeError` where it is cut off."""
    transcript = split(output)
    results, log, machine = transcript["results"], transcript["moves"], transcript["machine"]
    unread = dict(transcript.unread)
    zone = _zone(log.first("zone"))
    by_apt = list(_apt(log.part("apt"), zone))
    known = {(move.package, move.after) for move in by_apt}
    alone = [m for m in _dpkg(log.part("dpkg"), zone) if (m.package, m.after) not in known]
    by_dnf = _dnf(log.part("dnf"), log.part("dnf_commands"))
    moves = sorted([*by_apt, *alone, *by_dnf], key=lambda move: move.at)[-MOST:]
    return Past(
        moves=tuple(moves),
        verify=_kept(results, "verify", unread),
        benchmark=_kept(results, "benchmark", unread),
        topology=tuple(line.rstrip() for line in machine.part("topology") if line.strip()),
        cpu=machine.first("cpu"),
        unread=unread,
    )


def _kept(section: Section, name: str, unread: dict[str, str]) -> dict[str, Any] | None:
    text = "\n".join(section.part(name)).strip()
    if not text:
        return None
    try:
        value = jsontext.loads(text)
    except ValueError as error:
        unread[name] = f"{name}.json is not JSON: {error}"
        return None
    if isinstance(value, dict):
        return value
    unread[name] = f"{name}.json holds no JSON object"
    return None


def _zone(text: str | None) -> timezone:
    match = re.fullmatch(r"([+-])(\d\d)(\d\d)", text or "")
    if match is None:
        return timezone.utc
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if ahead >= timedelta(hours=24):
        return timezone.utc
    return timezone(-ahead if match[1] == "-" else ahead)


def _utc(text: str, zone: timezone) -> str | None:
    """``2026-11-24  06:12:33`` of this zone as UTC; None: it is no time."""
    try:
        local = datetime.strptime(" ".join(text.split()), "%Y-%m-%d %H:%M:%S")
        return f"{local.replace(tzinfo=zone).astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        return None


def _apt(lines: list[str], zone: timezone) -> Iterator[Move]:
    at: str | None = None
    command = asked = ""
    for line in lines:
        match = _FIELD.match(line)
        if match is None:
            continue
        name, said = match[1], match[2]
        if name == "Start-Date":
            at, command, asked = _utc(said, zone), "", ""
        elif name == "Commandline":
            command = said
        elif name == "Requested-By":
            asked = said
        elif at is not None:
            for package in _NAMED.finditer(said):
                if _INTEREST.search(package[1]):
                    yield _moved(at, name, package[1], package[2], _who(command, asked))


def _moved(at: str, field: str, package: str, versions: str, by: str) -> Move:
    old, _, new = versions.partition(", ")
    if field == "Install":
        return Move(at, package, None, old, by)
    if field in ("Remove", "Purge"):
        return Move(at, package, old, None, by)
    return Move(at, package, old, new or None, by)


def _who(command: str, asked: str) -> str:
    if "unattended-upgrade" in command:
        return "unattended-upgrades"
    person = re.match(r"([A-Za-z_][\w.-]{0,31}) \(\d+\)", asked)
    words = " ".join(command.split())[:200] or "apt"
    return f"{words} ({person[1]})" if person else words


def _dpkg(lines: list[str], zone: timezone) -> Iterator[Move]:
    for line in lines:
        match = _DPKG.match(line)
        at = match and _utc(f"{match[1]} {match[2]}", zone)
        if not match or not at:
            continue
        package = match[4].partition(":")[0]
        if _INTEREST.search(package):
            before, after = (None if v == "<none>" else v for v in (match[5], match[6]))
            yield Move(
                at, package, before, None if match[3] in ("remove", "purge") else after, "dpkg"
            )


def _dnf(lines: list[str], commands: list[str]) -> list[Move]:
    begun = sorted(
        (at, m[3]) for line in commands if (m := _COMMAND.match(line)) and (at := _at(m[1], m[2]))
    )
    moves: list[Move] = []
    newest: dict[str, int] = {}
    for line in lines:
        match = _DNF.match(line)
        at = match and _at(match[1], match[2])
        named = match and _NEVRA.fullmatch(match[4])
        if not match or not at or not named or not _INTEREST.search(named[1]):
            continue
        package, version = named[1], named[2]
        if match[3] in ("Upgraded", "Downgraded"):  # told later: the version that went
            if (place := newest.get(package)) is not None and moves[place].before is None:
                moves[place] = replace(moves[place], before=version)
            continue
        gone = match[3] in ("Erase", "Erased", "Removed")
        said = next((c for t, c in reversed(begun) if t <= at and at - t < _DNF_BEGAN), "dnf")
        by = " ".join(said.split())
        newest[package] = len(moves)
        before, after = (version, None) if gone else (None, version)
        by = by if by.startswith("dnf") else f"dnf {by}"
        moves.append(Move(f"{at:%Y-%m-%dT%H:%M:%SZ}", package, before, after, by))
    return moves


def _at(text: str, zone: str | None) -> datetime | None:
    try:
        offset = _zone(None if zone in (None, "Z") else zone)
        return datetime.fromisoformat(text).replace(tzinfo=offset).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
