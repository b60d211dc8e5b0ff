"""The plan of a host whose data or whose record names a stack; else none. Pure."""

from __future__ import annotations

from typing import Any

from facts.model.host import HostState
from stacks.load import StackError, is_name
from stacks.model.plain import told
from stacks.model.plan import Plan
from tasks.host import resolution
from tasks.host.which_deploy import has_containers
from tasks.hostdata import reading
from tasks.steps.record import HostRecord, read


def plan_of(state: HostState, data: reading.Data) -> tuple[Plan | None, str | None]:
    """The plan, and why there is none although a stack is named.

    Args:
        state: What the probe saw, the host's record among it.
        data: The host's data.
    """
    said, noted = data.get("stack"), read(HostRecord, state.record).stack
    if not said and not noted:
        return None, None
    if not said and not is_name(noted):  # the path of a file of this machine, say
        return None, f"the host's record names the stack {told(noted)}, and no stack is called so"
    try:
        named = data if said else _Named(data, str(noted))
        found = resolution.resolved(state, named, containers=has_containers(state))
    except (StackError, ValueError) as error:
        return None, str(error)
    if found.plan is None:
        return None, "; ".join(f"{c.code}: {c.what}" for c in found.conflicts)
    return found.plan, None


class _Named:
    """Host data with a stack's name laid over it."""

    def __init__(self, data: reading.Data, stack: str) -> None:
        self._data, self._stack = data, stack

    def get(self, key: str, default: Any = None, /) -> Any:
        return self._stack if key == "stack" else self._data.get(key, default)
