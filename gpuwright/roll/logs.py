"""What a run of pyinfra says, kept in a file that does not grow for ever and holds no secret."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

MOST_BYTES = 2 * 1024 * 1024
"""Of one file. There are two at most: what is older is behind ``.1``."""
_MOST_LINE = 64 * 1024
_SHORTEST = 4
"""Characters of a secret that is looked for: a shorter one would hide words by chance."""
HIDDEN = b"***"


def name(host: str) -> str:
    """A file's name for a host, whatever the host is called."""
    safe = quote(host, safe="@ ").replace(" ", "_").lstrip(".") or "_"
    if safe == host and len(safe) < 100:
        return f"{safe}.log"
    return f"{safe[:80]}-{hashlib.sha256(host.encode('utf-8', 'replace')).hexdigest()[:8]}.log"


class Log:
    """A log that is written line by line."""

    def __init__(self, path: Path, secrets: Sequence[str] = (), most: int = MOST_BYTES) -> None:
        self.path = path
        self.last = ""
        """The last line with a word in it."""
        self._most = most
        self._rest = b""
        found = {s.encode("utf-8", "replace") for s in secrets if len(s) >= _SHORTEST}
        self._secrets = sorted(found, key=len, reverse=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._opened(os.O_APPEND)
        self._size = path.stat().st_size

    def _opened(self, how: int) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | how
        return os.open(self.path, flags, 0o600)

    def write(self, data: bytes) -> None:
        """Take what came; a line is written when it is whole, or too long to wait for."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > _MOST_LINE:
            self._line(self._rest)
            self._rest = b""

    def hidden(self, text: bytes) -> bytes:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def close(self) -> None:
        """Write what is left."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        os.close(self._file)

    def _line(self, line: bytes) -> None:
        line = self.hidden(line)
        if line.strip():
            self.last = line.decode("utf-8", "replace").strip()
        if self._size + len(line) > self._most:
            os.close(self._file)
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._file = self._opened(os.O_TRUNC)
            self._size = 0
        self._size += os.write(self._file, line + b"\n")
