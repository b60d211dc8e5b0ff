"""When a file counts as having come further, and how often a person reads of it."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from tasks.transfer.answers import Take
from tasks.transfer.asking import Source
from tasks.transfer.part import Part
from tasks.transfer.receive import Patience, Receiver, TryError

URL = "http://index.example.org/a.whl"


def receiver(
    tmp_path: Path, size: int | None = None, client: httpx.Client | None = None
) -> Receiver:
    asked = client or httpx.Client(trust_env=False)
    part = Part(tmp_path / "a.whl")
    return Receiver(asked, Source.at(URL), part, size, Patience(), print, False)


@pytest.mark.parametrize(
    ("size", "expected"), [(None, 2**18), (858_000_000, 2**18), (4_000_000, 40_000), (5, 0)]
)
def test_hundredth_of_a_small_file_is_a_step_forward(
    tmp_path: Path, size: int | None, expected: int
) -> None:
    assert receiver(tmp_path, size).further() == expected


def test_size_that_the_server_told_serves_as_well(tmp_path: Path) -> None:
    with receiver(tmp_path).part.going_on(URL, Take(0, 1000, "")):
        pass
    assert receiver(tmp_path).further() == 10


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 5.0), (False, 30.0)])
def test_log_gets_fewer_lines_than_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, seconds: float
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert Patience().between_lines() == seconds


def test_words_of_a_failed_connection_hide_logins_and_what_terminals_obey(tmp_path: Path) -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("proxy http://me:secret@proxy\x1b[2J " + "x" * 5000)

    with (
        httpx.Client(transport=httpx.MockTransport(fails)) as client,
        pytest.raises(TryError) as caught,
    ):
        receiver(tmp_path, client=client).receive()
    said = str(caught.value)
    assert "secret" not in said and "\x1b" not in said and len(said) < 400
