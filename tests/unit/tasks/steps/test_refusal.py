"""A refusal: printed with cause and way out, and the host fails, before a run or in the middle."""

from __future__ import annotations

import pytest
from pyinfra.api import StringCommand

from stacks.model.messages import Conflict
from tasks.steps import refusal
from tasks.steps.step import Commands, step
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun

CONFLICT = Conflict("DISK-SMALL", "the disk is too small", "1 MiB is free", ("add", "or"), "docs")
SAID = [
    "DISK-SMALL: the disk is too small",
    "    why: 1 MiB is free",
    "    do:  add",
    "    do:  or",
]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was printed of the host, without its name."""
    return [r.message.rpartition("] ")[2] for r in caplog.records if NAME in r.message]


def test_refused_host_fails_without_a_command(caplog: pytest.LogCaptureFixture) -> None:
    run = ARun(a_host.bare())
    run.prepared(lambda: refusal.refuse(run.host, (CONFLICT,)))
    assert said(caplog) == ["refused; nothing on this host was changed", *SAID]
    assert (run.changes, run.exit_status) == (["Refused: DISK-SMALL"], 1)
    assert run.executed().wire.commands == []


def test_host_that_cannot_go_on_says_so_alike_and_goes_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @step
    def files() -> Commands:
        yield refusal.given_up((CONFLICT,))
        yield StringCommand("touch /file")

    run = ARun(a_host.bare())
    run.prepared(lambda: files(name="Files"))
    run.executed()
    assert said(caplog)[: len(SAID)] == SAID
    assert (run.exit_status, run.wire.commands) == (1, [])
