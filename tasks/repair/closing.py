"""What a person reads at the end of a repair: one line for each host of the run."""

from __future__ import annotations

from pyinfra.api.host import Host
from pyinfra.api.state import State

from stacks.model.messages import Conflict
from tasks.steps import course, ending, interrupt, screen
from tasks.steps.step import this_run

_lines: dict[str, str] = {}


def register(host: Host) -> None:
    """Give this host a line, and see to it that the lines are printed."""
    if not _lines:
        interrupt.install()
        run = this_run()
        ending.at_end(lambda: _print(run))
    say(host.name, f"{host.name}: UNKNOWN; it was not reached")


def refused(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """The host is left as it is."""
    say(host.name, f"{host.name}: REFUSED: {', '.join(c.code for c in conflicts)}")


def say(name: str, line: str) -> None:
    """How it is with a host, as far as that is known now: its line, which begins with its name."""
    _lines[name] = line


def _print(state: State) -> bool:
    """One line for each host of the run, those that could not be reached among them."""
    answered = True
    for host in state.inventory:
        nothing = f"{host.name}: UNKNOWN; it was not reached"
        if state.is_host_in_limit(host) and _lines.get(host.name, nothing) == nothing:
            why = course.of_host(host).why
            say(host.name, f"{host.name}: UNKNOWN: {why}" if why else nothing)
            answered = False
    screen.say(["repair:", *(f"  {line}" for line in _lines.values())])
    return answered
