"""What tasks stand on: the state is shared, dropped by a command, and a fault stops a host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.exceptions import PyinfraError

from facts.cuda_call import CudaCall
from facts.engines import ContainerEngines
from facts.host import HostProbe
from facts.model.host import HostState
from tasks.steps import before
from tasks.steps.step import Commands, fact, host_state, run, step, this_host
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun

STATE = a_host.bare()


def looking(seen: list[HostState], command: str = "") -> Callable[..., Any]:
    """A step that looks at the host, sends a command where one is given, and looks again then."""

    @step
    def one() -> Commands:
        seen.append(host_state())
        if command:
            yield StringCommand(command)
            seen.append(host_state())

    return one


def test_steps_share_one_look_while_pyinfra_prepares() -> None:
    seen: list[HostState] = []
    host = ARun(STATE)
    for name in ("first", "second"):
        host.prepared(lambda name=name: looking(seen, "true")(name=name))  # type: ignore[misc]
    assert seen == [STATE, STATE]
    assert (host.asked, host.changes, host.wire.commands) == (
        [HostProbe],
        ["first", "second"],
        [],
    )


def test_step_that_does_nothing_leaves_what_was_seen() -> None:
    seen: list[HostState] = []
    host = ARun(STATE)
    for name in ("first", "second"):
        host.prepared(lambda name=name: looking(seen)(name=name))  # type: ignore[misc]
    assert host.executed().asked == [HostProbe]
    assert host.changes == []


def test_command_makes_the_next_look_go_to_the_host() -> None:
    seen: list[HostState] = []
    host = ARun(STATE)
    host.prepared(lambda: looking(seen, "true")(name="changes"))
    host.prepared(lambda: looking(seen)(name="looks on"))
    newer = replace(STATE, current_venv="/opt/new")
    host.answers[HostProbe] = newer
    assert host.executed().wire.commands == ["true"]
    assert [state.current_venv for state in seen[-3:]] == [None, "/opt/new", "/opt/new"]
    assert host.asked == [HostProbe, HostProbe], "one look before the command and one after it"


def test_function_that_is_called_as_a_command_looks_again_and_so_does_who_comes_after_it() -> None:
    seen: list[str | None] = []
    told = ARun(STATE)

    def switch(state: object, host: object) -> bool:  # pyinfra goes by these names
        seen.append(host_state().current_venv)
        told.answers[HostProbe] = replace(STATE, current_venv="/opt/newest")
        return True

    @step
    def switching() -> Commands:
        seen.append(host_state().current_venv)
        yield FunctionCommand(switch, (), {})
        seen.append(host_state().current_venv)

    told.prepared(lambda: switching(name="switches"))
    told.answers[HostProbe] = replace(STATE, current_venv="/opt/new")
    told.executed()
    assert seen[-3:] == [None, "/opt/new", "/opt/newest"]


def test_other_facts_are_kept_and_dropped_with_the_state() -> None:
    host = ARun(STATE, {CudaCall: 1, ContainerEngines: 2})

    def asks() -> None:
        for user in ("alice", "alice", "bob"):
            fact(ContainerEngines, users=(user,))
        host_state()
        fact(CudaCall)
        fact(CudaCall)

    @step
    def changing() -> Commands:
        yield StringCommand("true")

    host.prepared(asks)
    assert host.asked == [ContainerEngines, ContainerEngines, HostProbe, CudaCall]
    host.prepared(lambda: changing(name="changes"))
    host.executed()
    del host.asked[:]
    host.prepared(asks)
    assert host.asked == [ContainerEngines, ContainerEngines, HostProbe, CudaCall]


def test_step_that_fails_stops_the_host_and_its_later_steps() -> None:
    @step
    def failing() -> Commands:
        yield FunctionCommand(lambda state, host: False, (), {})

    host = ARun(STATE)
    host.prepared(lambda: failing(name="fails"))
    host.prepared(lambda: looking([], "never")(name="later"))
    assert host.exit_status == 0
    assert host.executed().exit_status == 1
    assert host.wire.commands == []


def test_script_inside_a_step_gives_its_output_and_runs_as_root() -> None:
    said: list[tuple[bool, str]] = []

    @step
    def asking() -> Commands:
        def call(state: object, host: Any) -> bool:
            said.append(run(this_host(), "uname -r"))
            return True

        yield FunctionCommand(call, (), {})

    host = ARun(STATE, _sudo=True)
    host.wire.says = ["6.1.0", "2"]
    host.prepared(lambda: asking(name="asks"))
    host.executed()
    assert said == [(True, "6.1.0\n2")]
    assert (host.wire.commands, host.wire.as_root) == (["uname -r"], [True])


def saying_nothing(**more: Any) -> ARun:
    """A run on a host whose shell ends well and prints nothing: pyinfra then gives None."""
    run = ARun(STATE, **more)
    run.host.get_fact = lambda *_, **__: None  # type: ignore[assignment,method-assign]
    return run


def test_empty_answer_fails_this_host_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    run = saying_nothing(unreachable=("other",))
    run.state.activate_host(run.state.inventory.get_host("other"))
    assert run.prepared(lambda: fact(CudaCall)) is None
    assert run.state.failed_hosts == {run.host}
    assert "CudaCall: the host's answer is empty" in caplog.text


def test_answer_that_its_fact_cannot_read_fails_this_host_and_not_the_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = ARun(STATE, unreachable=("other",))
    run.state.activate_host(run.state.inventory.get_host("other"))
    assert run.prepared(lambda: fact(CudaCall)) is None  # of which this run knows no answer
    assert run.state.failed_hosts == {run.host}
    assert "CudaCall: the host's answer cannot be read: KeyError" in caplog.text


def test_last_host_without_an_answer_ends_the_run_as_pyinfra_ends_it() -> None:
    run = saying_nothing()
    with pytest.raises(PyinfraError, match="No hosts remaining"):
        run.prepared(lambda: fact(CudaCall))


def test_host_that_goes_away_is_left_to_whoever_waits_for_it() -> None:
    run = ARun(STATE)

    def cut(*_: Any, **__: Any) -> Any:
        raise EOFError

    run.host.get_fact = cut  # type: ignore[method-assign]
    with pytest.raises(EOFError):
        run.prepared(lambda: fact(CudaCall))
    assert not run.state.failed_hosts


def test_what_was_there_is_noted_once_before_the_first_change() -> None:
    host = ARun(STATE)
    host.prepared(lambda: looking([], "echo one")(name="one"))
    host.prepared(lambda: looking([], "echo two")(name="two"))
    host.executed()
    assert host.wire.notes == [before.script()]
    assert host.wire.commands == ["echo one", "echo two"]


def test_nothing_is_noted_of_a_host_that_is_not_changed() -> None:
    host = ARun(STATE)
    host.prepared(lambda: looking([])(name="looks on"))
    assert host.executed().wire.notes == []
