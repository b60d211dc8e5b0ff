"""The exit status of ``--dry`` by what it predicts."""

from __future__ import annotations

from typing import Any

import pytest
from pyinfra.api import operation
from pyinfra.context import ctx_state

from tasks.steps import foresight
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun


@operation()
def changing(words: str) -> Any:
    """An operation that changes something where there are words."""
    if words:
        yield words


def prepared(words: str | None, unreachable: tuple[str, ...] = (), **data: Any) -> ARun:
    """A run with one operation; None: it has none."""
    run = ARun(a_host.bare(), unreachable=unreachable, **data)
    if words is not None:
        run.prepared(lambda: changing(words=words))
    return run


def status(run: ARun) -> int | None:
    """What it ends with."""
    with ctx_state.use(run.state):
        return foresight.status()


@pytest.mark.parametrize(("words", "expected"), [("", 0), ("true", 1)])
def test_changes_are_told_by_the_status_where_that_is_asked_for(words: str, expected: int) -> None:
    assert status(prepared(words, exit="changes")) == expected
    assert status(prepared(words)) is None


def test_host_that_failed_counts_before_one_that_was_not_reached_and_before_changes() -> None:
    run = prepared("true", unreachable=("gpu2",), exit="changes")
    assert status(run) == 3
    run.state.failed_hosts.add(run.host)
    assert status(run) == 2


def test_deploy_that_only_asks_ends_as_it_says_itself() -> None:
    assert status(prepared(None, exit="changes")) is None


def test_run_that_looks_for_no_changes_predicts_none_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = prepared("true", exit="changes")
    run.state.check_for_changes = False
    assert status(run) == 3
    assert "leave -y out" in capsys.readouterr().err


def test_wrong_value_is_no_success() -> None:
    run = prepared("true", exit="chnages")
    assert status(run) == 1
