"""A report says of each host how far the run came, and keeps a verdict that was given."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.steps import progress


@dataclass
class Line:
    """A report's line."""

    verdict: str
    why: str = ""

    def stopped_at(self, why: str) -> None:
        """Say how far the run came."""
        self.why = why


@pytest.mark.parametrize(
    ("before", "started", "failed"),
    [
        ("PLANNED", "UNFINISHED", "FAILED"),
        ("UNKNOWN", "UNKNOWN", "FAILED"),
        ("REFUSED", "REFUSED", "REFUSED"),
        ("OK", "OK", "OK"),
    ],
)
def test_verdict_follows_the_run_until_one_is_given(
    monkeypatch: pytest.MonkeyPatch, before: str, started: str, failed: str
) -> None:
    handlers: list[Any] = []
    monkeypatch.setattr(
        progress, "this_run", lambda: SimpleNamespace(add_callback_handler=handlers.append)
    )
    monkeypatch.setattr(progress.atexit, "register", lambda printed: None)
    line = Line(before)
    gpu1: Any = SimpleNamespace(name="gpu1")
    progress.register({}, gpu1, line, lambda: None)
    (watch,) = handlers
    state: Any = SimpleNamespace(get_op_meta=lambda op: SimpleNamespace(names=["Image"]))
    for name in ("gpu1", "another"):
        watch.operation_host_start(state, SimpleNamespace(name=name), "op")
    assert line.verdict == started
    watch.operation_host_error(state, SimpleNamespace(name="gpu1"), "op", 0, 0)
    assert line.verdict == failed
    assert line.why == ("it stopped at: Image" if failed == "FAILED" else "")
