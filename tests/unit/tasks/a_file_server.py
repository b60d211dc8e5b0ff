"""A server of one file, on this machine, that misbehaves as it is told."""

from __future__ import annotations

import hashlib
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 1024
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `CONTENT` under every path, worse and worse."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.cuts: list[int] = []
        """Bytes after which one answer each is cut."""
        self.stall_s = 0.0
        """Seconds that a connection stays open after its cut."""
        self.failures: list[int] = []
        """Statuses that one request each is answered with."""
        self.resumes = True
        self.logins: list[str] = []
        """What each request says of who asks; empty for nobody."""
        self.asked: list[str] = []
        """The range of each request; empty for the whole."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.tar.xz"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append(wanted)
        self.server.logins.append(self.headers.get("Authorization", ""))
        if self.server.failures:
            self.send_error(self.server.failures.pop(0))
            return
        content, begin = self.server.content, 0
        if wanted and self.server.resumes:
            begin = int(re.findall(r"\d+", wanted)[0])
            if begin >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        cut = bool(self.server.cuts)
        end = self.server.cuts.pop(0) if cut else len(content)
        self.wfile.write(content[begin:end])
        if cut:
            time.sleep(self.server.stall_s)

    def log_message(self, format: str, *args: object) -> None:
        pass
