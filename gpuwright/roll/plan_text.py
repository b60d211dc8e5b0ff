"""What a roll is about to do, before anything is touched. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpuwright.roll import batches, outcome, times
from gpuwright.roll.drains import Standing
from gpuwright.roll.looks import Seen
from gpuwright.roll.options import Settings
from gpuwright.roll.state import Entry

_MOST_NAMES = 12
_MOST_LINES = 40


def lines(
    settings: Settings,
    hosts: Mapping[str, Entry],
    seen: Mapping[str, Seen],
    standings: Mapping[str, Standing | str],
) -> list[str]:
    """The plan.

    Args:
        settings: What is asked for.
        hosts: All hosts of the roll, each with its batch; those that are done stay so.
        seen: Who uses the GPUs of those that were looked at.
        standings: How a scheduler stands with them; a text: why that is not known.
    """
    todo = {name: entry for name, entry in hosts.items() if entry.state != outcome.DONE}
    over = len(hosts) - len(todo)
    allowed = batches.may_fail(len(hosts), settings.allowed)
    told = [
        f"{settings.deploy} on {times.hosts(len(todo))} of {settings.inventory}"
        + (f"; done already: {over}" if over else "")
    ]
    numbers = sorted({entry.batch for entry in todo.values()})
    for number in numbers:
        names = [name for name, entry in todo.items() if entry.batch == number]
        called = "canary" if settings.canary and number == 0 else f"batch {number + 1}"
        told.append(f"  {called}: {_names(names)}")
    told.append(
        f"  stops when more than {allowed} of {len(hosts)} fail or are not reached"
        + (", or a canary is not done" if settings.canary else "")
    )
    told.append(f"  gate: {_gate(settings)}")
    told.append(
        f"  at once: {settings.at_once} hosts of a batch; each ends after {settings.deadline}"
        + (f"; only {settings.window}" if settings.window else "")
    )
    lost = sum(not look.reached for look in seen.values())
    if batches.is_over(lost, len(hosts), settings.allowed):
        told.append(
            f"  {times.hosts(lost)} not reached: it would stop for that; --exclude them, or raise "
            "--fail-share"
        )
    told += _drains(settings, todo, standings)
    told += _uses(settings, seen)
    return told


def _gate(settings: Settings) -> str:
    if settings.gate == "none":
        return "none: a host is done when its run has ended well"
    what = settings.gate if settings.gate.endswith(".py") else f"verify, level {settings.gate}"
    return f"{what}, after each batch, up to {settings.gate_deadline}"


def _drains(
    settings: Settings, todo: Mapping[str, Entry], standings: Mapping[str, Standing | str]
) -> list[str]:
    if settings.drain == "none":
        return ["  drains: none"]
    told = [f"  drains: each host in its turn, by {settings.drain}; one that fails stays drained"]
    do = "is left alone" if settings.foreign == "skip" else "is changed, and stays drained"
    found = []
    for name in todo:
        standing = standings.get(name)
        if isinstance(standing, str):
            found.append(f"    {name}: its state is not known: {standing}")
        elif standing is not None and standing.drained and not standing.ours:
            found.append(f"    {name}: drained by somebody else, {do}: {standing.by}")
        elif standing is not None and standing.jobs:
            found.append(f"    {name}: runs {standing.jobs}")
    return [*told, *_most(found)]


def _uses(settings: Settings, seen: Mapping[str, Seen]) -> list[str]:
    if settings.busy == "ignore":
        return ["  GPUs in use: not looked for (--busy ignore)"]
    used = {name: look.owners for name, look in seen.items() if look.owners}
    then = "skipped" if settings.busy == "skip" else f"waited for up to {settings.busy_limit}"
    told = ["  GPUs in use: on none of them"]
    if used:
        told = [f"  GPUs in use: on {times.hosts(len(used))}, {then}; never ended"]
    users = []
    for name, owners in used.items():
        more = f" and {len(owners) - 5} more" if len(owners) > 5 else ""
        users.append(f"    {name}: {', '.join(owners[:5])}{more}")
    told += _most(users)
    lost = {name: look for name, look in seen.items() if look.why or not look.reached}
    if lost:
        told.append(f"  not seen: {times.hosts(len(lost))}, tried again in turn")
        told += _most(
            [
                f"    {name}: {'' if look.reached else 'unreachable: '}{look.why}"
                for name, look in lost.items()
            ]
        )
    return told


def _most(told: list[str]) -> list[str]:
    left = len(told) - _MOST_LINES
    return [*told[:_MOST_LINES], f"    and {times.hosts(left)} more"] if left > 0 else told


def _names(names: Sequence[str]) -> str:
    left = len(names) - _MOST_NAMES
    told = ", ".join(names[:_MOST_NAMES]) + (f" and {left} more" if left > 0 else "")
    return f"{told} ({len(names)})" if len(names) > 1 else told


def asked(settings: Settings, hosts: int) -> str:
    """The question at a terminal."""
    return f"Go on with {times.hosts(hosts)}, each up to {times.shown(settings.deadline_s)}? [y/N] "
