"""One machine under several names of an inventory: known while nothing has begun yet.

Runs would work on it at once, each undoing what the other looks at. The boot id tells machines
apart that were cloned, machine id and PID namespace containers of one kernel (images may share the
machine id as well).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakSet

from pyinfra.api.host import Host
from pyinfra.api.state import State

from facts.model.host import HostState
from stacks.model.messages import Conflict
from tasks.steps.step import this_run

Machine: TypeAlias = tuple[str | None, ...]

_named: WeakKeyDictionary[State, dict[Machine, list[Host]]] = WeakKeyDictionary()
_opened: WeakSet[Host] = WeakSet()


def machine(state: HostState) -> Machine | None:
    """What no two machines have in common; None where the host does not tell."""
    system = state.system
    if not system.boot_id:
        return None
    return (system.boot_id, system.machine, system.pid_namespace)


def noted(host: Host, state: HostState) -> None:
    """Remember which machine answers to this name."""
    if (answers := machine(state)) is not None:
        names = _named.setdefault(this_run(), {}).setdefault(answers, [])
        if host not in names:
            names.append(host)


def others(host: Host, opened: bool = False) -> list[Host]:
    """Names that this host's machine has answered to already, in this run.

    Args:
        host: One of its names.
        opened: Only those whose opening has ended with work to do: they cannot refuse by themselves
            any more.
    """
    known = _named.get(this_run(), {}).values()
    found = [other for names in known if host in names for other in names if other is not host]
    return [other for other in found if other in _opened or not opened]


def opened(host: Host) -> None:
    """The opening of this host has ended with work to do."""
    _opened.add(host)


def is_one(conflicts: Sequence[Conflict]) -> bool:
    """Whether it was refused for its other names."""
    return any(conflict.code == "SAME-MACHINE" for conflict in conflicts)


def same_machine(names: Sequence[str]) -> Conflict:
    """SAME-MACHINE."""
    told = sorted(names)
    return Conflict(
        "SAME-MACHINE",
        f"{' and '.join(told)} are names of one machine",
        "boot id and machine id are the same under each of them, and runs under several names "
        "would work on it at once",
        (
            f"use one of the names: pyinfra --limit {told[0]} …",
            "or take the others out of the inventory, or give each its own ssh_hostname",
        ),
        "machine-id(5), random(4)",
    )
