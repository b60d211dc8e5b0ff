"""gpuwright on the host: nothing is unpacked before its hash was compared."""

from __future__ import annotations

import hashlib
import io
import socket
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks.pull.onhost import files, source


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "HERE", tmp_path / "opt")
    monkeypatch.setattr(source, "ASK_S", 0.01)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "opt").mkdir()
    return tmp_path / "opt"


def packed(*members: tuple[str, bytes | None]) -> bytes:
    """An archive; a member without a body is a symbolic link to /etc."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:xz") as archive:
        for name, body in members:
            member = tarfile.TarInfo(name)
            member.size = len(body or b"")
            if body is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc"
            archive.addfile(member, io.BytesIO(body or b""))
    return raw.getvalue()


GOOD = packed(("tasks/a b.py", b"1"), ("requirements.lock", b"2"))


def pinned(place: str, body: bytes = GOOD) -> dict[str, Any]:
    return {"from": place, "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}


@pytest.fixture
def served() -> Iterator[Callable[[bytes], str]]:
    servers = []

    def serve(body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/g"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_archive_is_unpacked_once_from_an_address_and_from_a_path(
    served: Callable[[bytes], str], here: Path, tmp_path: Path
) -> None:
    folder = source.fetched(pinned(served(GOOD)))
    assert (folder / "tasks/a b.py").read_bytes() == b"1"
    gone = pinned("http://127.0.0.1:1/gone")
    source.reached(gone, 0)
    assert source.fetched(gone) == folder
    assert [path.name for path in here.iterdir()] == [folder.name]
    other = packed(("x", b"other"))
    (tmp_path / "g").write_bytes(other)
    assert (source.fetched(pinned(str(tmp_path / "g"), other)) / "x").read_bytes() == b"other"


@pytest.mark.parametrize(
    "sent",
    [GOOD + b"x", GOOD[:-1], b"", packed(("evil", b"")), bytes(len(GOOD)), GOOD * 3],
    ids=["longer", "shorter", "empty", "another", "zeros", "three times"],
)
def test_nothing_of_another_archive_is_unpacked(
    served: Callable[[bytes], str], here: Path, sent: bytes
) -> None:
    with pytest.raises(source.Trouble, match="nothing was unpacked"):
        source.fetched(pinned(served(sent)))
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "members",
    [(("../x", b"1"),), (("/x", b"1"),), (("a", None),), (("a", None), ("a/b", b"1"))],
    ids=["above", "absolute", "link", "through a link"],
)
def test_archive_that_leads_elsewhere_is_not_taken(
    here: Path, tmp_path: Path, members: tuple[tuple[str, bytes | None], ...]
) -> None:
    body = packed(*members)
    (tmp_path / "g").write_bytes(body)
    with pytest.raises(source.Trouble, match="no plain file below it"):
        source.fetched(pinned(str(tmp_path / "g"), body))
    assert not list(here.glob("source-????????????????"))


@pytest.mark.parametrize("place", ["/nowhere/g", "http://127.0.0.1:1/g"])
def test_what_cannot_be_read_is_trouble_in_one_line(place: str) -> None:
    with pytest.raises(source.Trouble, match="the archive cannot be read") as told:
        source.fetched(pinned(place))
    assert "\n" not in str(told.value)


def test_network_that_comes_late_is_waited_for_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[object] = []

    def connect(where: object, timeout: float) -> socket.socket:
        tries.append(where)
        if len(tries) < 4:
            raise OSError("Network is unreachable")
        return socket.socket()

    monkeypatch.setattr(source.socket, "create_connection", connect)
    source.network("https://f.example.org/g", 60)
    assert tries == [("f.example.org", 443)] * 4
    assert capsys.readouterr().out.count("the network is not there yet: ") == 1


def test_network_that_never_comes_is_trouble_within_the_limit() -> None:
    with pytest.raises(source.Trouble, match=r"no network: 127\.0\.0\.1 was not reached in 0 s"):
        source.network("http://127.0.0.1:1/g", 0)


def test_server_of_an_archive_that_is_not_here_is_needed(here: Path) -> None:
    with pytest.raises(source.Trouble, match="no network"):
        source.reached(pinned("http://127.0.0.1:1/g"), 0)


def test_path_and_proxy_need_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    source.network("/mnt/g", 0)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    source.network("https://f.invalid/g", 0)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """Programs that would run, each with its environment; each ends well."""
    ran: list[tuple[list[str], dict[str, str]]] = []

    def run(words: list[str], **more: Any) -> subprocess.CompletedProcess[bytes]:
        ran.append((words, more.get("env") or {}))
        if "venv" in words:
            (Path(words[-1]) / "bin").mkdir(parents=True)
        return subprocess.CompletedProcess(words, 0, b"", b"")

    monkeypatch.setattr(source.subprocess, "run", run)
    monkeypatch.setattr(source.shutil, "which", lambda name: f"/usr/bin/{name}")
    return ran


def test_environment_is_made_once_for_a_lock_and_former_sources_go(
    here: Path, commands: list[tuple[list[str], dict[str, str]]]
) -> None:
    (here / "source-old").mkdir()
    folder = here / "source-new"
    folder.mkdir()
    (folder / "requirements.lock").write_text("a")
    python = source.environment(folder, "https://m/simple", "http://p:1", 5)
    (pip, own) = commands[-1]
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(pip)
    assert (own["PIP_INDEX_URL"], own["https_proxy"]) == ("https://m/simple", "http://p:1")
    assert not (here / "source-old").exists()
    commands.clear()
    assert source.environment(folder, "", "", 5) == python
    assert commands == []
    (folder / "requirements.lock").write_text("b")
    source.environment(folder, "", "", 5)
    assert "PIP_INDEX_URL" not in commands[-1][1]


@pytest.mark.parametrize(
    "said",
    [
        b"E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7",
        b"E: Could not get lock /var/lib/apt/lists/lock",
    ],
)
def test_lock_is_waited_for_and_said(
    said: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [(1, b"no venv"), (100, said), (100, said), (0, b""), (0, b""), (0, b"")]

    def run(words: list[str], **more: Any) -> subprocess.CompletedProcess[bytes]:
        code, output = answers.pop(0)
        return subprocess.CompletedProcess(words, code, output, b"")

    only = {"apt-get": "/usr/bin/apt-get", "python3": "/usr/bin/python3"}
    monkeypatch.setattr(source.subprocess, "run", run)
    monkeypatch.setattr(source.shutil, "which", only.get)
    assert source._python() == ""
    assert source._install(60) == "/usr/bin/python3"
    assert capsys.readouterr().out.count("apt-get waits for a lock: ") == 2
    answers += [(100, said)]
    with pytest.raises(source.Trouble, match="Could not get lock"):
        source._patiently(["apt-get"], -1)


def test_system_without_a_python_that_serves_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source.shutil, "which", lambda name: None)
    with pytest.raises(source.Trouble, match="neither apt nor dnf"):
        source._install(1)
