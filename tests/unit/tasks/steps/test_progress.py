"""A report says of each host how far the run came, and keeps a verdict that was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pyinfra.api import FunctionCommand

from tasks.steps import course, progress
from tasks.steps.step import Commands, step
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun

AtEnd = list[Callable[[], bool]]


@dataclass
class Line:
    """A report's line."""

    verdict: str = "UNKNOWN"
    why: str = "nobody knows"

    def stopped_at(self, why: str) -> None:
        """Say how far the run came."""
        self.why = why


@step
def going(fails: bool = False) -> Commands:
    """A step that goes well or does not."""
    yield FunctionCommand(lambda state, host: not fails, (), {})


def begun(before: str, **more: Any) -> tuple[ARun, dict[str, Line]]:
    """A run whose host has its line, with this verdict."""
    run, lines = ARun(a_host.bare(), **more), dict[str, Line]()
    run.prepared(lambda: progress.register(lines, run.host, lambda _: Line(), lambda: None))
    lines[NAME].verdict = before
    return run, lines


@pytest.mark.parametrize(
    ("before", "well", "failed"),
    [
        ("PLANNED", "UNFINISHED", "FAILED"),
        ("UNKNOWN", "UNKNOWN", "FAILED"),
        ("REFUSED", "REFUSED", "REFUSED"),
        ("OK", "OK", "OK"),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_verdict_follows_the_run_until_one_is_given(
    at_end: AtEnd, before: str, well: str, failed: str, fails: bool
) -> None:
    run, lines = begun(before)
    run.prepared(lambda: going(fails=fails, name="Image"))
    run.executed()
    assert lines[NAME].verdict == (failed if fails else well)
    if lines[NAME].verdict == "FAILED":
        assert lines[NAME].why == "it stopped at: Image"
    assert len(at_end) == 1


@pytest.mark.parametrize(
    ("verdict", "well"),
    [
        ("OK", True),
        ("WARN", True),
        ("CRITICAL", True),  # its own step has failed the host
        ("REFUSED", True),  # so has its refusal
        ("PLANNED", True),  # --dry
        ("UNKNOWN", False),
        ("UNFINISHED", False),
        ("FAILED", False),
    ],
)
def test_host_without_a_verdict_makes_the_run_fail(at_end: AtEnd, verdict: str, well: bool) -> None:
    begun(verdict)
    assert at_end[0]() is well


def test_host_that_was_not_reached_has_a_line_too(at_end: AtEnd) -> None:
    _, lines = begun("OK", unreachable=("away",))
    assert at_end[0]() is False
    assert (lines["away"].verdict, lines["away"].why) == ("UNKNOWN", "it could not be reached")
    assert lines[NAME].verdict == "OK"


def test_host_outside_of_the_limit_has_none(at_end: AtEnd) -> None:
    run, lines = begun("OK", unreachable=("away",))
    run.state.limit_hosts = [run.host]
    assert at_end[0]() is True
    assert list(lines) == [NAME]


def test_host_that_was_dropped_is_told_with_the_reason(at_end: AtEnd) -> None:
    run, lines = begun("UNKNOWN")
    course.known(run.host, "its answer is empty")
    assert at_end[0]() is False
    assert lines[NAME].why == "its answer is empty"


def test_step_that_fails_is_told_with_the_reason(at_end: AtEnd) -> None:
    run, lines = begun("PLANNED")

    def lost(state: object, host: object) -> bool:
        raise EOFError

    @step
    def losing() -> Commands:
        yield FunctionCommand(lost, (), {})

    run.prepared(lambda: losing(name="Driver"))
    run.executed()
    assert lines[NAME].why == "it stopped at: Driver: the connection was lost (EOFError)"
    assert at_end


def test_deploy_of_ones_own_without_a_verdict_is_done_when_its_steps_are(at_end: AtEnd) -> None:
    run, lines = begun("PLANNED")
    run.prepared(lambda: going(name="Ours"))
    run.executed()
    assert at_end[0]() is True
    assert (lines[NAME].verdict, lines[NAME].why) == (
        "DONE",
        "no step of this deploy gives a verdict",
    )
