"""Files of a bundle over one connection: whole or in parts, and nothing that it does not name."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.offline.manifest import Entry
from tasks.offline.serving import Handler

BODY = bytes(range(256)) * 4000
TAG = '"' + "ab" * 32 + '"'


class Client(http.client.HTTPConnection):
    """A client whose connection is there already."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__("bundle")
        self.sock = connection


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def client(tmp_path: Path, said: list[str]) -> Iterator[Client]:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool/a.deb").write_bytes(BODY)
    (tmp_path / "pool/empty").write_bytes(b"")
    (tmp_path / "secret").write_text("x")
    entry = Entry("ab" * 32, len(BODY), ("x",))
    files = dict.fromkeys(("pool/a.deb", "pool/empty", "pool/gone"), entry)
    here, there = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(OSError):
            Handler(there, tmp_path, files, said.append)
        there.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Client(here)
    here.close()
    thread.join(5)
    assert not thread.is_alive()


def got(client: Client, path: str, how: str = "GET", **headers: str) -> tuple[int, bytes]:
    client.request(how, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = client.getresponse()
    return answer.status, answer.read()


def test_file_comes_whole_and_the_connection_serves_the_next_one(client: Client) -> None:
    assert got(client, "/pool/a.deb") == (200, BODY)
    assert got(client, "/pool/%61.deb") == (200, BODY)
    assert got(client, "/pool/a.deb", "HEAD") == (200, b"")
    assert got(client, "/pool/empty") == (200, b"")


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [("bytes=5-", 5, None), ("bytes=0-9", 0, 10), ("bytes=7-99999999", 7, None)],
)
def test_rest_of_a_file_is_sent_alone(
    client: Client, asked: str, first: int, end: int | None
) -> None:
    assert got(client, "/pool/a.deb", Range=asked) == (206, BODY[first:end])
    assert got(client, "/pool/a.deb", Range=asked, If_Range=TAG) == (206, BODY[first:end])
    assert got(client, "/pool/a.deb", Range=asked, If_Range='"other"') == (200, BODY)


def test_range_behind_the_end_is_told(client: Client) -> None:
    assert got(client, "/pool/a.deb", Range=f"bytes={len(BODY)}-")[0] == 416


@pytest.mark.parametrize("asked", ["bytes=-5", "bytes=x-", "lines=1-2", "bytes=0-1,3-4"])
def test_range_that_is_not_served_gives_the_whole_file(client: Client, asked: str) -> None:
    assert got(client, "/pool/a.deb", Range=asked) == (200, BODY)


@pytest.mark.parametrize("path", ["/secret", "/pool/../secret", "//secret", "/", "/pool/%2e%2e/x"])
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert got(client, path) == (404, b"")


def test_file_that_is_gone_is_said_here(client: Client, said: list[str]) -> None:
    assert got(client, "/pool/gone")[0] == 404
    assert "pool/gone is no more" in said[0]


def test_nothing_can_be_written(client: Client) -> None:
    assert got(client, "/pool/a.deb", "PUT")[0] == 501
