"""A TCP relay that cuts connections when a number of bytes has come from the far side."""

from __future__ import annotations

import contextlib
import socket
import threading


class CutRelay:
    """Relays to an address; ``left`` bytes of answers pass, and then every connection is cut.

    ``fixes`` is how many bytes pass after the first cut.
    """

    def __init__(self, listen: str, target: tuple[str, int]) -> None:
        self.left = 0
        self.fixes = 0
        self.cuts = 0
        self._target = target
        self._server = socket.create_server((listen, 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                for source, sink, counts in ((near, far, False), (far, near, True)):
                    threading.Thread(
                        target=self._pass_on, args=(source, sink, counts), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counts:
                    self.left -= len(data)
                    if self.left < 0:
                        self.cuts += 1
                        self.left = self.fixes
                        break
                sink.sendall(data)
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
