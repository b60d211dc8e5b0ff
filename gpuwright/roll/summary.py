"""How a roll ended: every host, why, and the command that goes on from there. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gpuwright.roll import outcome, times
from gpuwright.roll.options import Settings
from gpuwright.roll.state import Entry

ALL_DONE, NOT_ALL, SOME_FAILED, STOPPED = 0, 1, 2, 3
HELD = 75
"""EX_TEMPFAIL of sysexits.h."""
_MOST_SLOW = 3


def status(hosts: Mapping[str, Entry], stopped: str) -> int:
    """The exit status of a roll that no signal has ended."""
    states = {entry.state for entry in hosts.values()}
    if stopped:
        return STOPPED
    if states & set(outcome.BAD):
        return SOME_FAILED
    drained = any(entry.drained for entry in hosts.values())
    return NOT_ALL if states - {outcome.DONE} or drained else ALL_DONE


def lines(
    settings: Settings,
    hosts: Mapping[str, Entry],
    stopped: str,
    resume: str,
    undrain: Callable[[str], str],
) -> list[str]:
    """The summary.

    Args:
        settings: What was asked for.
        hosts: All hosts.
        stopped: Why it ended before its last batch; empty: it did not.
        resume: The command that goes on.
        undrain: Gives the command that lets a host have jobs again.
    """
    counts = Counter(entry.state for entry in hosts.values())
    told = ["", f"{times.hosts(len(hosts))}: " + ", ".join(f"{n} {s}" for s, n in _ordered(counts))]
    if stopped:
        told.append(f"stopped: {stopped}")
    for state, _ in _ordered(counts):
        if state != outcome.DONE:
            for name, entry in hosts.items():
                if entry.state == state:
                    told += _host(settings, name, entry, resume, undrain)
    for name, entry in hosts.items():
        if entry.state == outcome.DONE and entry.drained:
            told += [f"{name}: done, and still drained", f"    do: {undrain(name)}"]
    slow = sorted(hosts.items(), key=lambda host: -host[1].seconds)[:_MOST_SLOW]
    told += [
        f"slowest: {name}, {times.shown(entry.seconds)}"
        + (f" ({entry.slowest})" if entry.slowest else "")
        for name, entry in slow
        if entry.seconds
    ]
    if set(counts) - {outcome.DONE}:
        told.append(f"all that is not done, again: {resume}")
    return told


def _ordered(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    for state in (*outcome.ENDS, outcome.RUNNING):
        if counts[state]:
            yield state, counts[state]


def _host(
    settings: Settings, name: str, entry: Entry, resume: str, undrain: Callable[[str], str]
) -> Iterator[str]:
    never = "its turn never came" if entry.state == outcome.WAITING else ""
    yield f"{name}: {entry.state}: {entry.why or never}"
    for unit, title in entry.jobs.items():
        yield f"    goes on there by itself: {title}, systemd unit {unit}"
    if entry.log and entry.state not in (outcome.SKIPPED, outcome.WAITING, outcome.UNREACHABLE):
        yield f"    log: {entry.log}"
    yield f"    do: {_command(settings, name, entry, resume)}"
    if entry.drained:
        yield f"    it is drained by this roll; once it is well: {undrain(name)}"
    if entry.foreign:
        yield f"    drained by somebody else ({entry.foreign}); theirs to end: {undrain(name)}"


def _command(settings: Settings, name: str, entry: Entry, resume: str) -> str:
    if entry.state in (outcome.REFUSED, outcome.FAILED):
        words = ["pyinfra", *settings.options, settings.inventory, settings.deploy]
        if entry.state == outcome.REFUSED:
            words[1:1] = ["--dry"]
        elif entry.why.startswith("gate ") and not settings.gate.endswith(".py"):
            words[-1:] = [f"{settings.deploy.rpartition('/')[0] or '.'}/verify.py"]
        return shlex.join([*words, "--limit", name])
    return resume


def data(
    roll: str, hosts: Mapping[str, Entry], stopped: str, exit_status: int
) -> Mapping[str, Any]:
    """The same as plain dictionaries, lists and scalars."""
    return {
        "roll": roll,
        "exit": exit_status,
        "stopped": stopped,
        "hosts": {
            name: {
                "state": entry.state,
                "why": entry.why,
                "batch": entry.batch,
                "seconds": entry.seconds,
                "slowest": entry.slowest,
                "drained": bool(entry.drained),
                "drained_by_others": entry.foreign,
                "jobs": entry.jobs,
                "log": entry.log,
            }
            for name, entry in hosts.items()
        },
    }
