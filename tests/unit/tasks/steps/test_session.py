"""A session is asked for with patience, and what it is fed has its bytes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from paramiko import ChannelException

from tasks.steps import session
from tests.unit.tasks.a_login import Connection


@pytest.mark.parametrize(
    ("given", "fed"),
    [
        (None, b""),
        ("", b""),
        ("a", b"a\n"),
        ("a\nb\n", b"a\nb\n"),
        (["a", "b\n"], b"a\nb\n"),
        (io.StringIO("a\né"), "a\né\n".encode()),
    ],
)
def test_input_is_what_pyinfra_takes(given: Any, fed: bytes) -> None:
    assert b"".join(session.chunks(given)) == fed


def test_refusals_end_with_the_last_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PAUSES_S", (0.0, 0.001))
    line: Any = Connection(("sh", "-c"))
    line.refusals = 1
    assert session.opened(line) is not None
    with pytest.raises(ChannelException, match="Connect failed"):
        session.opened(line)  # the only one is in use


def test_patience_is_a_quarter_of_a_minute() -> None:
    assert 10 < sum(session.PAUSES_S) < 20 and session.PAUSES_S[0] == 0
