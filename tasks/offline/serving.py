"""Files of a bundle over a connection that is there already: a small web server without a socket.

Only what the manifest names is served, so nothing else of this machine can be asked for. What the
host takes is compared there, by apt's signature, by uv's lock and by the digests of the catalogue.
"""

from __future__ import annotations

import http.server
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tasks.offline.manifest import Entry

BLOCK = 1 << 18
IDLE_S = 300
"""A client that says nothing for so long is left."""
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of one host."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S

    def __init__(
        self, connection: Any, folder: Path, files: Mapping[str, Entry], say: Callable[[str], None]
    ) -> None:
        self.folder, self.files, self.say = folder, files, say
        super().__init__(connection, ("", 0), None)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Send a file, or the rest of it."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Tell its size."""
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        entry = self.files.get(path)
        if entry is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        try:
            self._send(self.folder / path, entry, body)
        except FileNotFoundError:
            self.say(f"{path} is no more in {self.folder}")
            self._refuse(HTTPStatus.NOT_FOUND)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, file: Path, entry: Entry, body: bool) -> None:
        tag = f'"{entry.sha256}"'
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            first, last = self._asked(size, tag)
            if first >= size > 0:
                self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            whole = (first, last) == (0, size - 1)
            self.send_response(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
            if not whole:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            kind = "text/html" if file.suffix == ".html" else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(last - first + 1))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", tag)
            self.end_headers()
            opened.seek(first)
            left = last - first + 1 if body else 0
            while left and (block := opened.read(min(BLOCK, left))):
                self.wfile.write(block)
                left -= len(block)
            if left:  # it was cut meanwhile: the client must not wait for the rest
                self.close_connection = True

    def _asked(self, size: int, tag: str) -> tuple[int, int]:
        """First and last byte that are asked for."""
        found = _RANGE.fullmatch(self.headers.get("Range", ""))
        if found is None or self.headers.get("If-Range", tag) != tag:
            return 0, size - 1
        last = int(found[2]) if found[2] else size - 1
        return int(found[1]), min(last, size - 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""
