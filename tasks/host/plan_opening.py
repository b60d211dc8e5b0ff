"""Tell the plan of every host of a run, or what speaks against it, and touch none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pyinfra.api.host import Host
from rich.console import Console

from facts.model.host import HostState
from stacks.explain import words
from stacks.model.messages import Conflict
from stacks.model.plain import MOST_IN_A_LINE, block
from stacks.model.plan import Resolution
from tasks.deploy import deploy_of
from tasks.host import comparison, opening, plans, resolution, twins
from tasks.host.which_deploy import has_containers
from tasks.hostdata import host as host_data
from tasks.steps.answers import Answer, Answers
from tasks.steps.refusal import Refused


def this_one() -> None:
    """Tell the plan of the host at hand; after the last one, print and leave.

    With the host data ``like`` it tells in what each host differs from that one instead.

    Raises:
        SystemExit: 0 plan, 2 conflict, 3 where a host could not be read; 2 before 3.
    """
    _answers.collect(_told)


def _told(host: Host) -> Answer | None:
    try:
        return opening.decided(host, _plan)
    except Refused as refusal:
        if twins.is_one(refusal.conflicts):
            for other in twins.others(host):  # one that has answered already answers otherwise now
                if other.name in _answers.told:
                    _answers.told[other.name] = _conflict(other, refusal.conflicts)
        return _conflict(host, refusal.conflicts)


def _conflict(host: Host, conflicts: tuple[Conflict, ...]) -> Answer:
    # Not broken into lines: a way out may be a command, and is to be copied as one.
    text = _printed(lambda console: words.conflicts(console, conflicts), width=MOST_IN_A_LINE)
    data = {"verdict": "conflict", "plan": None, "conflicts": [asdict(c) for c in conflicts]}
    return Answer("CRITICAL", f"{host.name}: conflict\n{text}", data)


def _plan(host: Host, state: HostState) -> Answer:
    containers = has_containers(state)
    host_data.output(host.data)
    comparison.noted(host, state)
    plan, seen = plans.decided(host, state, state.jetson is not None, containers)
    question = resolution.question(state, host.data, containers=containers)
    (stack, profile, known), found = question, Resolution(plan, ())
    facts = asdict(profile)
    to_do = plans.forecast_lines(state, plan, seen)
    lines = ["", "Facts", *(f"  {key}: {_value(said)}" for key, said in facts.items() if said)]
    lines += ["", f"What {deploy_of(plan)} would do", *(f"  {line}" for line in to_do)]
    text = _printed(lambda console: words.show(console, stack, profile, found, known))
    data = {**words.as_data(stack, profile, found), "deploy": deploy_of(plan)}
    told = f"{host.name}: plan\n{text}\n{block(lines)}"
    return Answer("OK", told, {**data, "facts": facts, "forecast": to_do})


def _printed(say: Callable[[Console], None], width: int = 80) -> str:
    console = Console(
        file=io.StringIO(), width=width, highlight=False, soft_wrap=False, color_system=None
    )
    with console.capture() as captured:
        say(console)
    return captured.get().rstrip()


def _value(said: Any) -> str:
    return said if isinstance(said, str) else json.dumps(said)


_answers = Answers(
    {"OK": "plan", "CRITICAL": "conflict", "UNKNOWN": "unknown"}, closing=comparison.told
)
