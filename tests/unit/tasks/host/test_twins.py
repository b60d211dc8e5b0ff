"""One machine under two names: both are refused, whichever answers first; clones are not one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api.host import Host

from facts.model.host import HostState
from tasks.host import opening, twins
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun, Wire

OTHER = "alias"


def on(boot_id: str | None, machine: str | None = "m", pids: str | None = "pid:[1]") -> HostState:
    state = a_host.bare()
    system = replace(state.system, boot_id=boot_id, machine=machine, pid_namespace=pids)
    return replace(state, system=system)


class Report:
    def __init__(self) -> None:
        self.refusals: list[tuple[str, str]] = []

    def register(self, host: Host) -> None:
        pass

    def refused(self, host: Host, conflicts: Any) -> None:
        self.refusals.append((host.name, conflicts[0].code))


def two(first: HostState, second: HostState) -> tuple[ARun, Host, Callable[..., Any], Report]:
    """A run whose two hosts answer so, and what opens one of them."""
    run, report = ARun(first, unreachable=(OTHER,)), Report()
    other = run.state.inventory.get_host(OTHER)
    assert other is not None
    other.connector = Wire(run.state, other)
    other.get_fact = lambda *_, **__: second  # type: ignore[assignment,method-assign]
    run.state.activate_host(other)

    def opened(host: Host, decide: Any = lambda host, state: "work") -> Any:
        at_hand, run.host = run.host, host
        try:
            return run.prepared(lambda: opening.opened(decide, report))
        finally:
            run.host = at_hand

    return run, other, opened, report


def test_both_names_are_refused_and_nothing_is_left_to_run_on_the_first() -> None:
    run, other, opened, report = two(on("b"), on("b"))
    assert opened(run.host) == "work"
    assert opened(other) is None
    assert sorted(report.refusals) == [(OTHER, "SAME-MACHINE"), (NAME, "SAME-MACHINE")]
    assert run.state.failed_hosts == {run.host, other}
    assert run.host not in run.state.active_hosts


def test_name_that_is_still_being_opened_refuses_by_itself_once() -> None:
    run, other, opened, report = two(on("b"), on("b"))

    def meanwhile(host: Host, state: HostState) -> str:
        assert opened(other) is None
        return "work"

    assert opened(run.host, meanwhile) is None
    assert sorted(report.refusals) == [(OTHER, "SAME-MACHINE"), (NAME, "SAME-MACHINE")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (on("b"), on("c")),  # clones
        (on("b", "m"), on("b", "n")),  # containers of one kernel
        (on("b", "m", "pid:[1]"), on("b", "m", "pid:[2]")),  # of one image
        (on("b", None, "pid:[1]"), on("b", None, "pid:[2]")),
        (on(None), on(None)),  # nobody knows
    ],
)
def test_other_machines_go_on(first: HostState, second: HostState) -> None:
    run, other, opened, report = two(first, second)
    assert (opened(run.host), opened(other), report.refusals) == ("work", "work", [])


def test_second_deploy_of_a_run_is_no_second_name() -> None:
    run, other, opened, report = two(on("b"), on("c"))
    assert [opened(host) for host in (run.host, other, run.host, other)] == ["work"] * 4
    assert not report.refusals


def test_conflict_names_all_and_leads_to_one() -> None:
    found = twins.same_machine(["b", "a"])
    assert found.what == "a and b are names of one machine"
    assert "--limit a" in found.remedies[0]
