"""What tests share that let a deploy, or a part of one, run on a host that is a value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.steps import ending
from tasks.verify import report


@pytest.fixture
def at_end(monkeypatch: pytest.MonkeyPatch) -> list[Callable[..., None]]:
    """What a run has left to be called when Python ends; it is not called then."""
    left: list[Callable[..., None]] = []
    monkeypatch.setattr(ending, "at_end", left.append)
    return left


@pytest.fixture
def lines(
    monkeypatch: pytest.MonkeyPatch, at_end: list[Callable[..., None]]
) -> dict[str, report.Line]:
    """The lines of the report of hosts, by host: those of this test alone."""
    own: dict[str, report.Line] = {}
    monkeypatch.setattr(report, "_lines", own)
    return own
