"""A run that only asks: every host's answer, as text or as one JSON document, and its exit status.

pyinfra itself ends with 0 or 1, and asks a person before it executes even nothing. So the last host
to answer ends the run, by `SystemExit`, while pyinfra still prepares: nothing can be executed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api.host import Host
from pyinfra.api.state import State

from stacks.model.address import masked
from stacks.model.plain import one_line
from tasks import finding
from tasks.finding import SEVERITY, Finding, Level
from tasks.steps import course, ending, interrupt, screen
from tasks.steps.step import this_host, this_run


@dataclass(frozen=True)
class Answer:
    """What one host answered."""

    level: Level
    text: str
    """A block of lines for a person, the host's name first."""
    data: Mapping[str, Any]
    """The same as data."""


@dataclass
class Answers:
    """The answers of a run's hosts."""

    words: Mapping[Level, str] = field(default_factory=dict)
    """What ``verdict`` says for a level, where that is not the level itself."""
    told: dict[str, Answer] = field(default_factory=dict)
    closing: Callable[[dict[str, Answer]], None] | None = None
    """Called once all hosts have answered: may change what they say, and raises nothing."""

    def collect(self, judge: Callable[[Host], Answer | None]) -> None:
        """Judge the host at hand; after the last one, print and leave.

        Args:
            judge: Gives the host's answer; None where it could not be read.

        Raises:
            SystemExit: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
        """
        interrupt.install()
        host, why = this_host(), "its state could not be read"
        try:
            found = judge(host)
        except ValueError as error:  # its data cannot be read
            found, why = None, str(error)
        except Exception as error:
            found, why = None, course.words(error)
        why = course.of_host(host).why or why
        self.told[host.name] = found or self._unknown(host.name, why)
        course.of_host(host).verdict = self.told[host.name].level
        run = this_run()
        if all(host.name in self.told for host in run.inventory.get_active_hosts()):
            self._leave(run)

    def _unknown(self, name: str, why: str) -> Answer:
        verdict = self._word("UNKNOWN")
        return Answer(
            "UNKNOWN", f"{name}: UNKNOWN\n  {one_line(why)}", {"verdict": verdict, "why": why}
        )

    def _word(self, level: Level) -> str:
        return self.words.get(level, level)

    def _leave(self, run: State) -> None:
        for host in run.inventory:
            if host.name not in self.told and run.is_host_in_limit(host):
                self.told[host.name] = self._unknown(host.name, ending.UNREACHABLE)
        if self.closing is not None:
            self.closing(self.told)
        levels = tuple(Finding("", told.level, "", "", "") for told in self.told.values())
        worst = finding.worst(levels)
        if "--json" in sys.argv or any(h.data.get("format") == "json" for h in run.inventory):
            hosts = {name: told.data for name, told in self.told.items()}
            print(masked(json.dumps({"verdict": self._word(worst), "hosts": hosts})))
        else:
            screen.say(
                (line for told in self.told.values() for line in told.text.split("\n")), err=False
            )
        sys.stdout.flush()
        raise SystemExit(SEVERITY[worst])
