"""Mirrors on this machine that answer well, or as bad ones do, each at a loopback address."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

WHEEL = "torch-2.9.1-cp311-cp311-manylinux_2_28_x86_64.whl"
BODY = b"\x00wheel" * 200_000
"""1.2 MB of what is no page."""
HTML = b"<!DOCTYPE html><html><body><p>Welcome</p></body></html>"
BROWSER = b"<html><script>/* Checking your browser */</script>Please enable JavaScript</html>"


@dataclass
class AMirror:
    """What a mirror answers, and what it was asked."""

    files: dict[str, bytes]
    status: Mapping[str, int] = field(default_factory=dict)
    """Beginning of a path to the status that it gets in place of its file."""
    sends_to: str = ""
    """Address to which everything is sent on."""
    resets_after: int | None = None
    stalls_after: int | None = None
    rate: float | None = None
    """Bytes per second."""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    login: str = ""
    """The header ``Authorization`` that is asked for."""


def page(link: str = f"../../files/{WHEEL}", more: str = "") -> bytes:
    """A page of links with one wheel."""
    text = f'<!DOCTYPE html><html><body><a href="{link}"{more}>{WHEEL[:20]}..&gt;</a></body></html>'
    return text.encode()


def index(**more: bytes) -> dict[str, bytes]:
    """An index with `WHEEL`."""
    return {"/simple/torch/": page(), f"/files/{WHEEL}": BODY, **more}


class _Handler(BaseHTTPRequestHandler):
    mirror: AMirror

    def do_GET(self) -> None:
        mirror = self.mirror
        mirror.asked.append(self.path)
        status = next((s for start, s in mirror.status.items() if self.path.startswith(start)), 0)
        body = mirror.files.get(self.path)
        if mirror.login and self.headers.get("Authorization") != mirror.login:
            status = 401
        if mirror.sends_to:
            self.send_response(301)
            self.send_header("Location", mirror.sends_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = HTML if status else body
        self.send_response(status or (404 if body is None else 200))
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            self._send(body or b"")

    def _send(self, body: bytes) -> None:
        mirror = self.mirror
        large = len(body) > 10_000
        if large and mirror.resets_after is not None:
            self.wfile.write(body[: mirror.resets_after])
            self.wfile.flush()
            time.sleep(0.1)
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            return
        if large and mirror.stalls_after is not None:
            self.wfile.write(body[: mirror.stalls_after])
            self.wfile.flush()
            time.sleep(30)
            return
        step = 50_000
        for at in range(0, len(body), step):
            self.wfile.write(body[at : at + step])
            if large and mirror.rate:
                time.sleep(step / mirror.rate)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def served(mirror: AMirror, at: str = "127.0.0.1") -> Iterator[AMirror]:
    """The mirror, at an address of its own: all of 127.0.0.0/8 is this machine."""
    handler = type("Handler", (_Handler,), {"mirror": mirror})
    with ThreadingHTTPServer((at, 0), handler) as http:
        http.daemon_threads = True
        mirror.address = f"http://{at}:{http.server_port}"
        Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        yield mirror
        http.shutdown()


@contextlib.contextmanager
def several(*made: Callable[[], AMirror] | AMirror) -> Iterator[list[AMirror]]:
    """Mirrors at 127.0.0.1, 127.0.0.2 and so on."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(served(m if isinstance(m, AMirror) else m(), f"127.0.0.{at}"))
            for at, m in enumerate(made, 1)
        ]
