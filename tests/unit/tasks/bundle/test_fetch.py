"""A file fetched into a bundle: resumed, checked, and nothing said of who asks for it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tasks.bundle import fetch as fetching
from tasks.bundle.fetch import fetch
from tasks.bundle.manifest import BundleError
from tests.unit.tasks.a_file_server import CONTENT, DIGEST, Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that behaves until it is told otherwise; nobody waits between tries."""
    monkeypatch.setattr(fetching, "PAUSE_S", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_file_comes_with_one_request(server: Server, tmp_path: Path) -> None:
    fetch(server.address, DIGEST, tmp_path / "wheels" / "file")
    assert (tmp_path / "wheels" / "file").read_bytes() == CONTENT
    assert server.asked == [""]
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == ["file"]


def test_cut_download_goes_on_where_it_was_cut(server: Server, tmp_path: Path) -> None:
    server.cuts = [1000, 100_000]
    fetch(server.address, DIGEST, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == ["", "bytes=1000-", "bytes=100000-"]


def test_part_outlives_a_server_that_fails_once(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:5000])
    server.failures = [503]
    fetch(server.address, DIGEST, tmp_path / "file")
    assert server.asked == ["bytes=5000-", "bytes=5000-"]


def test_whole_part_of_an_earlier_run_is_enough(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    fetch(server.address, DIGEST, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_part_that_is_none_of_this_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(b"another file" * 10)
    fetch(server.address, DIGEST, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_file_that_is_another_one_is_named_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = b"not what was asked for"
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(BundleError, match=f"what came has the SHA-256 {found}, and not {DIGEST}"):
        fetch(server.address, DIGEST, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_not_there_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    server.failures = [404] * 9
    with pytest.raises(BundleError, match="the server answers 404"):
        fetch(server.address, DIGEST, tmp_path / "file")
    assert len(server.asked) == 1


def test_password_is_sent_and_never_said(server: Server, tmp_path: Path) -> None:
    address = server.address.replace("//", "//me:s%40cret@")
    server.failures = [403]
    with pytest.raises(BundleError) as caught:
        fetch(address, DIGEST, tmp_path / "file")
    assert "cret" not in str(caught.value) and "me" not in str(caught.value).split("from")[1]
    assert server.logins == [f"Basic {base64.b64encode(b'me:s@cret').decode()}"]


def test_password_of_the_index_serves_files_of_the_same_server(
    server: Server, tmp_path: Path
) -> None:
    index = server.address.replace("//", "//me:secret@").replace("file.tar.xz", "simple")
    fetch(server.address, DIGEST, tmp_path / "file", [index])
    fetch(server.address, DIGEST, tmp_path / "other", ["http://me:secret@mirror.example.org/"])
    assert [bool(login) for login in server.logins] == [True, False]
