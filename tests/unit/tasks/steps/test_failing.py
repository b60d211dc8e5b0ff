"""Whatever goes wrong on one host fails that host, with its reason, and no other one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import pytest
from paramiko import SSHException
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.exceptions import PyinfraError

from facts.cuda_call import CudaCall
from tasks.steps import course, failing
from tasks.steps.step import Commands, fact, host_state, step
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun

STATE = a_host.bare()


def raising(error: Exception) -> Callable[..., Any]:
    """A function that raises, as pyinfra calls it or as a step's own code."""

    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


def two_hosts(**data: Any) -> ARun:
    """A run on two hosts, of which the other one has nothing to do."""
    run = ARun(STATE, unreachable=("other",), **data)
    other = run.state.inventory.get_host("other")
    assert other is not None
    run.state.activate_host(other)
    return run


@step
def deciding(error: Exception) -> Commands:
    """A step whose own code raises, once it is carried out or before."""
    yield StringCommand("first")
    raise error


@step
def undecided(error: Exception) -> Commands:
    """A step that raises before it has given a command."""
    raise error
    yield


@step
def calling(error: Exception) -> Commands:
    """A step whose function raises."""
    yield FunctionCommand(lambda state, host: raising(error)(), (), {})


ERRORS = [
    (KeyError("x"), "internal error, KeyError: 'x'"),
    (RecursionError("deep"), "internal error, RecursionError: deep"),
    (SSHException("Channel closed."), "the connection was lost (Channel closed.)"),
    (EOFError(), "the connection was lost (EOFError)"),
    (ConnectionResetError("peer"), "the connection was lost (peer)"),
    (TimeoutError(), "it gave no answer in time"),
    (FileNotFoundError(2, "no such file"), "FileNotFoundError: [Errno 2] no such file"),
    (PyinfraError("refused"), "refused"),
]


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("a_step", [deciding, undecided, calling])
def test_exception_in_a_step_that_is_carried_out_fails_this_host_alone(
    a_step: Callable[..., Any], error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = two_hosts()
    run.state.check_for_changes = False  # pyinfra -y
    run.prepared(lambda: a_step(error=error, name="Step"))
    run.executed()
    assert run.state.failed_hosts == {run.host}
    assert course.of_host(run.host).why == (
        words if "internal" not in words else f"{words} (--debug says where)"
    )
    assert caplog.text.count(words) == 1
    assert "Traceback" not in "".join(r.getMessage() for r in caplog.records)


@pytest.mark.parametrize(("error", "words"), ERRORS[:5], ids=lambda e: type(e).__name__)
def test_exception_while_pyinfra_prepares_fails_this_host_alone(
    error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = two_hosts()
    run.prepared(lambda: undecided(error=error, name="Step"))
    assert run.state.failed_hosts == {run.host}
    assert words in caplog.text


@pytest.mark.parametrize("error", [error for error, _ in ERRORS], ids=lambda e: type(e).__name__)
def test_exception_of_a_command_on_its_way_fails_this_host_alone(error: Exception) -> None:
    run = two_hosts()
    run.wire.run_shell_command = raising(error)  # type: ignore[method-assign]
    run.prepared(lambda: deciding(error=error, name="Step"))
    run.executed()
    assert run.state.failed_hosts == {run.host}
    assert course.of_host(run.host).why


def test_first_reason_is_told_and_what_follows_from_it_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @step
    def looking() -> Commands:
        assert host_state().system
        yield StringCommand("never")

    run = two_hosts()
    run.state.check_for_changes = False
    run.prepared(lambda: looking(name="Looks"))
    run.host.get_fact = lambda *_, **__: None  # type: ignore[assignment,method-assign]
    run.executed()
    assert run.state.failed_hosts == {run.host}
    assert "the host's answer is empty" in caplog.text
    assert "AttributeError" not in "".join(r.getMessage() for r in caplog.records)
    assert run.wire.commands == []


def hanging(*_: Any, **__: Any) -> Any:
    """A host that never answers."""
    gevent.sleep(3600)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of a test."""
    monkeypatch.setattr("tasks.hostdata.host.LEAST_WAIT_S", 0)


@pytest.mark.usefixtures("short")
def test_command_without_end_fails_this_host_within_its_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @step
    def waiting() -> Commands:
        yield StringCommand("dpkg-query -W")

    run = two_hosts(answer_wait=1)
    run.wire.run_shell_command = hanging  # type: ignore[method-assign]
    run.prepared(lambda: waiting(name="Waits"))
    with gevent.Timeout(5):
        run.executed()
    assert run.state.failed_hosts == {run.host}
    assert "a command: no answer within 1 s" in caplog.text


@pytest.mark.usefixtures("short")
def test_look_without_end_fails_this_host_within_its_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = two_hosts(answer_wait=1)
    run.host.get_fact = hanging  # type: ignore[method-assign]
    with gevent.Timeout(5):
        assert run.prepared(lambda: fact(CudaCall)) is None
    assert run.state.failed_hosts == {run.host}
    assert "CudaCall: reading its state: no answer within 1 s" in caplog.text


def test_limit_that_is_wrong_is_not_for_ever() -> None:
    run = two_hosts(answer_wait="for ever")
    assert run.prepared(lambda: fact(CudaCall)) is None  # nothing is known of it here
    assert run.state.failed_hosts == {run.host}


def test_only_what_waits_or_gives_up_counts_as_harmless() -> None:
    assert failing.is_harmless(failing.failed())
    assert not failing.is_harmless("true")
    assert not failing.is_harmless(FunctionCommand(lambda *_: True, (), {}))
