"""The download cache, in front of an upstream made here."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from sandbox.mirror.cache import Mirror
from sandbox.mirror.doubles import local_file
from sandbox.mirror.faults import Faults
from sandbox.mirror.server import server

WHEEL = bytes(range(256)) * 4096
PAGE = b'<a href="../../packages/demo-1-py3-none-any.whl#sha256=00">demo</a>'


class Upstream(BaseHTTPRequestHandler):
    """A package index and archive that counts, and that can break off or wait."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]]
    break_once_after: ClassVar[int | None]
    gate: ClassVar[threading.Event]

    def do_GET(self) -> None:
        kind = type(self)
        kind.asked[self.path] += 1
        if self.path.startswith("/simple/missing"):
            self.reply(404, b"no such project")
        elif self.path.startswith("/simple/"):
            self.reply(200, PAGE, {"content-type": "text/html"})
        elif self.path.endswith("/InRelease"):
            if self.headers.get("If-Modified-Since") == "Sat, 01 Nov 2025 00:00:00 GMT":
                kind.asked["not modified"] += 1
                self.reply(304, b"")
            else:
                stamp = {"last-modified": "Sat, 01 Nov 2025 00:00:00 GMT"}
                self.reply(200, b"Suite: test", stamp)
        else:
            kind.gate.wait()
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            body = WHEEL[start:]
            if kind.break_once_after is not None:
                stop, kind.break_once_after = kind.break_once_after, None
                self.reply(200, body, cut=stop)
            else:
                self.reply(206 if start else 200, body)

    def reply(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class World:
    """The mirror under test, its upstream, and the faults that the mirror is told."""

    def __init__(self, upstream: ThreadingHTTPServer, cache: Path) -> None:
        self.faults = Faults()
        self.upstream = f"http://127.0.0.1:{upstream.server_address[1]}"
        mirror = Mirror(cache, f"{self.upstream}/simple", lambda client: self.faults)
        self.front = server("127.0.0.1", 0, mirror)
        self.url = f"http://127.0.0.1:{self.front.server_address[1]}"
        origin = self.upstream.replace("://", "/")
        self.wheel = f"{self.url}/files/{origin}/packages/demo-1-py3-none-any.whl"

    def proxied(self, path: str) -> httpx.Response:
        """GET as apt does through a proxy."""
        with httpx.Client(proxy=self.url, trust_env=False) as client:
            return client.get(f"{self.upstream}{path}")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    Upstream.asked = Counter()
    Upstream.break_once_after = None
    Upstream.gate = threading.Event()
    Upstream.gate.set()
    origin = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    world = World(origin, tmp_path)
    for each in (origin, world.front):
        threading.Thread(target=each.serve_forever, args=(0.01,), daemon=True).start()
    yield world
    Upstream.gate.set()
    for each in (world.front, origin):
        each.shutdown()
        each.server_close()


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


def test_second_fetch_of_a_file_does_not_go_upstream(world: World) -> None:
    assert get(world.wheel).content == WHEEL
    assert get(world.wheel).content == WHEEL
    assert Upstream.asked["/packages/demo-1-py3-none-any.whl"] == 1


def test_index_links_lead_through_the_mirror(world: World) -> None:
    page = get(f"{world.url}/simple/demo/").text
    assert page == f'<a href="{world.wheel.removeprefix(world.url)}#sha256=00">demo</a>'


def test_unknown_project_is_not_found(world: World) -> None:
    assert get(f"{world.url}/simple/missing/").status_code == 404


def test_deb_is_kept_and_index_is_asked_for_again(world: World) -> None:
    for _ in range(2):
        assert world.proxied("/pool/demo_1_amd64.deb").content == WHEEL
        assert world.proxied("/dists/x/InRelease").text == "Suite: test"
    assert Upstream.asked["/pool/demo_1_amd64.deb"] == 1
    assert Upstream.asked["/dists/x/InRelease"] == 2
    assert Upstream.asked["not modified"] == 1


def test_range_of_a_kept_file(world: World) -> None:
    get(world.wheel)
    part = get(world.wheel, Range="bytes=-300")
    assert (part.status_code, part.content) == (206, WHEEL[-300:])
    assert (
        part.headers["content-range"] == f"bytes {len(WHEEL) - 300}-{len(WHEEL) - 1}/{len(WHEEL)}"
    )


def test_range_past_the_end_is_refused(world: World) -> None:
    assert get(world.wheel, Range=f"bytes={len(WHEEL)}-").status_code == 416


def test_head_gives_the_size_without_the_file(world: World) -> None:
    answer = httpx.head(world.wheel, trust_env=False)
    assert (answer.headers["content-length"], answer.content) == (str(len(WHEEL)), b"")


def test_requests_at_the_same_time_share_one_fetch(world: World) -> None:
    Upstream.gate.clear()
    found: list[str] = []

    def fetch() -> None:
        found.append(hashlib.sha256(get(world.wheel).content).hexdigest())

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    Upstream.gate.set()
    for thread in threads:
        thread.join()
    assert found == [hashlib.sha256(WHEEL).hexdigest()] * 4
    assert Upstream.asked["/packages/demo-1-py3-none-any.whl"] == 1


def test_fetch_that_upstream_cuts_is_resumed(world: World) -> None:
    Upstream.break_once_after = 100_000
    assert get(world.wheel).content == WHEEL
    assert Upstream.asked["/packages/demo-1-py3-none-any.whl"] == 2


def test_cut_after_is_seen_by_the_client_as_a_broken_transfer(world: World) -> None:
    world.faults = Faults(cut_after=5000)
    with pytest.raises(httpx.TransportError):
        get(world.wheel)


def test_cut_client_can_resume(world: World) -> None:
    world.faults = Faults(cut_after=300_000)
    got = b""
    while len(got) < len(WHEEL):
        try:
            with httpx.stream(
                "GET", world.wheel, headers={"Range": f"bytes={len(got)}-"}, trust_env=False
            ) as answer:
                for data in answer.iter_raw():
                    got += data
        except httpx.TransportError:
            continue
    assert got == WHEEL


def test_mirror_that_is_down_answers_nobody(world: World) -> None:
    world.faults = Faults(down=True)
    with pytest.raises(httpx.TransportError):
        get(f"{world.url}/simple/demo/")


def test_dropped_path_is_not_found_and_others_are(world: World) -> None:
    world.faults = Faults(drop=("demo-1",))
    assert get(world.wheel).status_code == 404
    assert get(f"{world.url}/simple/demo/").status_code == 200


def test_mirror_with_a_login_gives_its_own_files_to_who_has_it(world: World) -> None:
    world.faults = Faults(login="ana:hunter2")
    whole = world.wheel.replace("://", "://ana:hunter2@")
    assert get(world.wheel).status_code == 401
    assert get(whole.replace("hunter2", "hunter3")).status_code == 401
    assert get(whole).content == WHEEL
    assert world.proxied("/debian/dists/bookworm/InRelease").status_code == 200


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file InRelease of a repository double that the mirror serves."""
    monkeypatch.setattr("sandbox.mirror.server.local_file", partial(local_file, folder=tmp_path))
    file = tmp_path / "nvidia/repos/ubuntu2204/InRelease"
    file.parent.mkdir(parents=True)
    file.write_text("first")
    return file


def test_doubles_file_is_sent_as_it_is_now(world: World, double: Path) -> None:
    url = f"{world.url}/doubles/nvidia/repos/ubuntu2204/InRelease"
    answer = get(url)
    double.write_text("second")
    known = {"If-Modified-Since": answer.headers["date"]}
    assert (answer.text, get(url, **known).text) == ("first", "second")


def test_double_has_an_address_of_its_own_behind_the_proxy(world: World, double: Path) -> None:
    with httpx.Client(proxy=world.url, trust_env=False) as client:
        assert client.get("http://nvidia.example/ubuntu2204/InRelease").text == "first"
        assert client.get("http://nvidia.example/ubuntu2204/Release").status_code == 404


def test_rest_of_a_doubles_file(world: World, double: Path) -> None:
    url = f"{world.url}/doubles/nvidia/repos/ubuntu2204/InRelease"
    rest = get(url, Range="bytes=2-")
    assert (rest.status_code, rest.text) == (206, "rst")


def test_faults_hold_for_doubles_too(world: World, double: Path) -> None:
    world.faults = Faults(drop=("/doubles/",))
    assert get(f"{world.url}/doubles/nvidia/repos/ubuntu2204/InRelease").status_code == 404
