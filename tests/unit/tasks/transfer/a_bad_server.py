"""A server of one file, on this machine, that does to each request what it is told."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import random
import re
import socket
import struct
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

CONTENT = random.Random(16).randbytes(4_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
_BLOCK = 64 * 1024


@dataclass
class Does:
    """What happens to one request."""

    status: int = 0
    """Answered with this and nothing else."""
    fields: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Bytes of the body, then the connection ends."""
    reset: bool = False
    """It ends with a reset."""
    stall_s: float = 0.0
    """It stays open so long before it ends."""
    drip_s: float = 0.0
    """After each 100 bytes; blocks are that small then."""
    shift: int = 0
    """The range begins so many bytes after what was asked for."""
    limit: int | None = None
    """A range of no more bytes than that."""
    ranges: bool = True
    length: bool = True
    """Whether it says how long the body is."""
    more: bytes = b""
    """Sent behind the file."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.etag = CONTENT, '"one"'
        self.next: list[Does] = []
        """For one request each; `always` afterwards."""
        self.always = Does()
        self.asked: list[dict[str, str]] = []
        self.sent = 0
        """Bytes of bodies."""
        self.stalls = 0
        self.over = Event()
        """Ends all stalls."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/a-1.0.whl"

    @property
    def ranges(self) -> list[str]:
        return [fields.get("range", "") for fields in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.asked.append({name.lower(): value for name, value in self.headers.items()})
        does = server.next.pop(0) if server.next else server.always
        if does.status:
            self.send_response(does.status)
            for name, value in does.fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin, end = 0, len(server.content)
        wanted = self.headers.get("Range") if does.ranges else None
        if self.headers.get("If-Range", server.etag) != server.etag:
            wanted = None
        if wanted:
            begin = int(re.findall(r"\d+", wanted)[0]) + does.shift
            if begin >= end:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{end}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            total, end = end, min(end, begin + (does.limit or end))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{total}")
        else:
            self.send_response(200)
        self._body(does, server.content[begin:end] + does.more)

    def _body(self, does: Does, body: bytes) -> None:
        if does.length:
            self.send_header("Content-Length", str(len(body)))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        for name, value in does.fields.items():
            self.send_header(name, value)
        self.end_headers()
        step = 100 if does.drip_s else _BLOCK
        until = len(body) if does.cut is None else does.cut
        with contextlib.suppress(OSError):
            for place in range(0, min(until, len(body)), step):
                block = body[place : min(place + step, until)]
                self.connection.sendall(block)
                self.server.sent += len(block)
                time.sleep(does.drip_s)
        self.server.stalls += bool(does.stall_s)
        self.server.over.wait(does.stall_s)
        self.close_connection = True
        if does.reset:
            # What is still on the way is lost by a reset, and nobody's fault: a busy machine's.
            until_s = time.monotonic() + 5
            while _on_the_way(self.connection) and time.monotonic() < until_s:
                time.sleep(0.001)
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _on_the_way(connection: socket.socket) -> int:
    """Bytes that the other side's system has not got yet (tcp(7), SIOCOUTQ)."""
    (count,) = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))
    return int(count)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()
