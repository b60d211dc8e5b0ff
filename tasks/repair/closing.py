"""What a person reads at the end of a repair: one line for each host of the run."""

from __future__ import annotations

import atexit

from pyinfra.api.host import Host
from pyinfra.api.state import State

from stacks.model.messages import Conflict
from tasks.steps import screen
from tasks.steps.step import this_run

_lines: dict[str, str] = {}


def register(host: Host) -> None:
    """Give this host a line, and see to it that the lines are printed."""
    if not _lines:
        atexit.register(_print, this_run())
    say(host.name, f"{host.name}: UNKNOWN; it was not reached")


def refused(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """The host is left as it is."""
    say(host.name, f"{host.name}: REFUSED: {', '.join(c.code for c in conflicts)}")


def say(name: str, line: str) -> None:
    """How it is with a host, as far as that is known now: its line, which begins with its name."""
    _lines[name] = line


def _print(state: State) -> None:
    """One line for each host of the run, those that could not be reached among them."""
    for host in state.inventory:
        if host.name not in _lines and state.is_host_in_limit(host):
            say(host.name, f"{host.name}: UNKNOWN; it was not reached")
    screen.say(["repair:", *(f"  {line}" for line in _lines.values())])
