"""The mirror's answers: what a client asked for, byte for byte, and the faults that it gets."""

import base64
import contextlib
import http.client
import json
import re
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from sandbox.mirror import images
from sandbox.mirror.cache import Mirror, Page
from sandbox.mirror.doubles import local_file
from sandbox.mirror.faults import Faults
from sandbox.mirror.index import rewrite, upstream
from sandbox.mirror.store import File, UpstreamError, byte_range

_FOR_EVER = re.compile(r"\.(?:deb|udeb)$|/by-hash/[A-Za-z0-9]+/[0-9a-f]{32,}$")
_OWN = re.compile(r"/(?:simple|files|doubles)/")
_ASKING = {"www-authenticate": 'Basic realm="mirror"'}
_INDEX_FRESH_S = 60.0
_AT_ONCE = 1 << 20  # bytes between two looks at the faults


class _CutError(Exception):
    """A fault ends this connection."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of one client."""

    protocol_version = "HTTP/1.1"
    mirror: ClassVar[Mirror]
    faults = Faults()
    sent = 0

    def do_GET(self) -> None:
        """Answer GET, and HEAD without the content."""
        self.faults = self.mirror.faults(self.client_address[0])
        try:
            if self.faults.down:
                raise _CutError
            if any(word in self.path for word in self.faults.drop):
                raise UpstreamError(404, "dropped on purpose")
            if not self._welcome():
                raise UpstreamError(401, "a user and a password are asked for")
            self._answer()
        except UpstreamError as error:
            self.mirror.count(f"status {error.status}", self.path)
            self._send_whole(
                error.status, f"{error}\n".encode(), {"content-type": "text/plain", **_ASKING}
            )
        except (_CutError, ConnectionError, TimeoutError):
            self._cut()

    do_HEAD = do_GET  # noqa: N815

    def _welcome(self) -> bool:
        """Whether the client may have what lies on the mirror itself; others' pages are free."""
        address = urlsplit(self.path)
        own = address.netloc in ("", self.headers.get("Host", ""))
        if not self.faults.login or not own or not _OWN.match(address.path):
            return True
        packed = base64.b64encode(self.faults.login.encode()).decode()
        return bool(self.headers.get("Authorization") == f"Basic {packed}")

    def _answer(self) -> None:
        address = urlsplit(self.path)
        if file := local_file(self.path, own=self.headers.get("Host", "")):
            self._send_double(file)
        elif image := images.answer(self.path):
            self._send_image(*image)
        elif address.scheme == "http":
            if _FOR_EVER.search(address.path):
                self._send_file(self.mirror.store.get(self.path))
            else:
                self._send_page(self.mirror.page(self.path, "*/*"))
        elif url := upstream(self.path):
            self._send_file(self.mirror.store.get(url))
        elif match := re.fullmatch(r"/simple/([A-Za-z0-9._-]+)/?", address.path):
            url = f"{self.mirror.index}/{match[1]}/"
            page = self.mirror.page(url, self.headers.get("Accept", "*/*"), _INDEX_FRESH_S)
            kind = page.headers.get("content-type", "text/html")
            headers = {"content-type": kind, "cache-control": "max-age=60", "vary": "accept"}
            self._send_whole(200, rewrite(page.body, kind, url), headers)
        elif address.path == "/status":
            body = json.dumps(self.mirror.counts).encode()
            self._send_whole(200, body, {"content-type": "application/json"})
        else:
            raise UpstreamError(404, f"the sandbox's mirror has nothing at {self.path}")

    def _send_page(self, page: Page) -> None:
        known = ("content-type", "last-modified", "etag")
        headers = {name: page.headers[name] for name in known if name in page.headers}
        since = self.headers.get("If-Modified-Since")
        if since and since == headers.get("last-modified"):
            self._send_whole(304, b"", headers)
        else:
            self._send_whole(200, page.body, headers)

    def _send_double(self, file: Path) -> None:
        """Send a double's file as it is now; a client never hears that it knows it already.

        Two publications may follow each other within the second that HTTP's dates can tell.
        """
        try:
            body = file.read_bytes()
        except OSError:
            raise UpstreamError(404, f"the double has no {file.name}") from None
        self.mirror.count("double", self.path)
        headers = {"content-type": "application/octet-stream", "accept-ranges": "bytes"}
        wanted = byte_range(self.headers.get("Range"), len(body))
        if wanted is None or self.headers.get("If-Range"):
            self._send_whole(200, body, headers)
        elif wanted[0] == wanted[1]:
            self._send_whole(416, b"", {"content-range": f"bytes */{len(body)}"})
        else:
            headers["content-range"] = f"bytes {wanted[0]}-{wanted[1] - 1}/{len(body)}"
            self._send_whole(206, body[slice(*wanted)], headers)

    def _send_image(self, kind: str, file: Path | None) -> None:
        try:
            body = file.read_bytes() if file else b"{}"
        except OSError:
            raise UpstreamError(404, "the sandbox's mirror has no such image") from None
        self.mirror.count("image", self.path)
        self._send_whole(200, body, {"content-type": kind})

    def _send_whole(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._start(status, len(body), headers)
        self._send(body)

    def _send_file(self, file: File) -> None:
        file.ready()
        size = file.size or 0
        headers = {**file.headers, "accept-ranges": "bytes"}
        wanted = byte_range(self.headers.get("Range"), size)
        condition = self.headers.get("If-Range")
        if condition and condition not in (headers.get("etag"), headers.get("last-modified")):
            wanted = None
        if wanted is None:
            self._start(200, size, headers)
            wanted = (0, size)
        elif wanted[0] == wanted[1]:
            self._send_whole(416, b"", {"content-range": f"bytes */{size}"})
            return
        else:
            headers["content-range"] = f"bytes {wanted[0]}-{wanted[1] - 1}/{size}"
            self._start(206, wanted[1] - wanted[0], headers)
        if self.command == "HEAD":
            return
        try:
            start = self._send_from_disk(file, *wanted)
            for data in file.read(start, wanted[1]):
                self._send(data)
        except UpstreamError:
            # The length is announced already: the client must see that this is not all.
            raise _CutError from None

    def _send_from_disk(self, file: File, start: int, stop: int) -> int:
        """Let the kernel copy a whole file as long as no fault wants to count its bytes.

        A real mirror's work costs the host nothing; ours runs on the same processors.
        """
        if not file.complete:
            return start
        with file.path.open("rb") as source:
            while start < stop:
                self.faults = self.mirror.faults(self.client_address[0])
                if self.faults != Faults():
                    break
                sent = self.connection.sendfile(source, start, min(_AT_ONCE, stop - start))
                if not sent:
                    raise UpstreamError(502, f"{file.path.name} is shorter than announced")
                start += sent
                self.sent += sent
        return start

    def _start(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status, http.client.responses.get(status, ""))
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("content-length", str(length))
        self.end_headers()

    def _send(self, data: bytes) -> None:
        if self.command == "HEAD":
            return
        # Asked again for each piece: a fault may be switched on during a long answer.
        self.faults = self.mirror.faults(self.client_address[0])
        if self.faults.down:
            raise _CutError
        cut = self.faults.cut
        is_cut = not cut or any(word in self.path for word in cut)
        limit = self.faults.cut_after if is_cut else None
        if limit is not None and self.sent + len(data) > limit:
            self.wfile.write(data[: max(0, limit - self.sent)])
            raise _CutError
        self.wfile.write(data)
        self.sent += len(data)
        if self.faults.rate:
            time.sleep(len(data) / self.faults.rate)

    def _cut(self) -> None:
        """End the connection with a reset, not with a polite end."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `Mirror.count` writes the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def server(address: str, port: int, mirror: Mirror) -> ThreadingHTTPServer:
    """An HTTP server for `mirror`, bound and not yet serving; port 0 takes a free one."""
    return _Server((address, port), type("Handler", (_Handler,), {"mirror": mirror}))
