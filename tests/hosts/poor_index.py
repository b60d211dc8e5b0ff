"""An index that lacks what is asked for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from sandbox.hosts import SandboxHost


@contextlib.contextmanager
def poor_index(host: SandboxHost) -> Iterator[str]:
    """An index beside the host's mirror that has torch for another Python only."""
    mirror = host.mirror_url or ""
    wheel = "torch-2.9.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    page = f"<a href='/{wheel}'>{wheel}</a>"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.rstrip("/") != "/simple/torch":
                self.send_response(307)
                self.send_header("Location", mirror + self.path)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    address = urlsplit(mirror).hostname or ""
    with ThreadingHTTPServer((address, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:{server.server_port}/simple"
        server.shutdown()
