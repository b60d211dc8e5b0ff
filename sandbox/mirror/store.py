"""Files that never change, fetched once and kept: requests that come meanwhile share the fetch."""

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx

_TRIES = 4
_PIECE = 1 << 18


class UpstreamError(Exception):
    """What upstream answered instead of the file."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class File:
    """One file of the store, whole or still coming.

    `ready` waits until its size is known; `read` gives bytes as soon as they are there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Two mirrors may share the folder: each writes its own part, the last rename wins.
        self.part = path.with_name(f"{path.name}.{os.getpid()}.part")
        self.size: int | None = None
        self.received = 0
        self.headers: dict[str, str] = {}
        self.error: UpstreamError | None = None
        self.complete = False
        self.changed = threading.Condition()

    def ready(self) -> None:
        """Wait until the size is known.

        Raises:
            UpstreamError: if the fetch failed before that.

        """
        with self.changed:
            self.changed.wait_for(lambda: self.size is not None or self.error)
        if self.size is None and self.error:
            raise self.error

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes `start` to `stop` (exclusive), waiting for those that are still on their way.

        Raises:
            UpstreamError: if the fetch ends before `stop`.

        """
        with self._open() as file:
            file.seek(start)
            while start < stop:
                with self.changed:
                    while not (self.complete or self.error or self.received > start):
                        self.changed.wait()
                    here = stop if self.complete else min(stop, self.received)
                if here <= start:
                    raise self.error or UpstreamError(502, "the fetch ended early")
                while start < here:
                    data = file.read(min(_PIECE, here - start))
                    if not data:
                        raise UpstreamError(502, f"{self.path.name} is shorter than announced")
                    start += len(data)
                    yield data

    def _open(self) -> IO[bytes]:
        # The part file is renamed when it is whole; an open file does not mind.
        for path in (self.part, self.path):
            with contextlib.suppress(FileNotFoundError):
                return path.open("rb")
        raise self.error or UpstreamError(502, f"{self.path.name} is gone from the cache")


class Store:
    """Files below `folder`, fetched with `client`; `count(what, url)` is told of each request."""

    def __init__(
        self, folder: Path, client: httpx.Client, count: Callable[[str, str], None]
    ) -> None:
        self._folder = folder
        for part in folder.glob("*/*.part"):
            if not Path("/proc", part.name.rsplit(".", 2)[1]).exists():
                part.unlink(missing_ok=True)
        self._client = client
        self._count = count
        self._coming: dict[Path, File] = {}
        self._lock = threading.Lock()

    def get(self, url: str) -> File:
        """The file behind `url`: from disk, or joined to the fetch that runs, or fetched now."""
        path = self._path(url)
        with self._lock:
            if file := self._coming.get(path):
                self._count("joined", url)
                return file
            file = File(path)
            if path.is_file():
                file.size = file.received = path.stat().st_size
                file.complete = True
                with contextlib.suppress(OSError, ValueError):
                    file.headers = json.loads(_about(path).read_text())
                self._count("hit", url)
                return file
            self._coming[path] = file
        threading.Thread(target=self._fetch, args=(url, file), daemon=True).start()
        return file

    def _path(self, url: str) -> Path:
        # The digest keeps apart what the readable name does not, a query for example.
        digest = hashlib.sha256(url.encode()).hexdigest()
        name = url.split("?")[0].rsplit("/", 1)[-1][-120:] or "index"
        return self._folder / digest[:2] / f"{digest[2:18]}-{name}"

    def _fetch(self, url: str, file: File) -> None:
        try:
            error = self._keep(url, file)
        except OSError as failed:  # a full disk, a folder that somebody removed
            error = UpstreamError(500, f"{url}: {failed}")
        with self._lock:
            del self._coming[file.path]
        with file.changed:
            file.complete, file.error = error is None, error
            file.changed.notify_all()

    def _keep(self, url: str, file: File) -> UpstreamError | None:
        """Fetch the file and give it its name, or say why not."""
        error: UpstreamError | None = None
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with file.part.open("wb") as out:
            for attempt in range(_TRIES):
                try:
                    self._count("upstream", url)
                    self._copy(url, file, out)
                    error = None
                    break
                except UpstreamError as refused:
                    error = refused
                    break
                except httpx.HTTPError as failed:
                    error = UpstreamError(502, f"{url}: {failed or type(failed).__name__}")
                    time.sleep(0.2 * 2**attempt)
        if error is None:
            _about(file.path).write_text(json.dumps(file.headers))
            file.part.replace(file.path)
        else:
            file.part.unlink(missing_ok=True)
        return error

    def _copy(self, url: str, file: File, out: IO[bytes]) -> None:
        """Fetch what is still missing of `file`."""
        # Files here are kept as they are on the wire, so no compression on the way.
        headers = {"Accept-Encoding": "identity"}
        if file.received:
            headers["Range"] = f"bytes={file.received}-"
        with self._client.stream("GET", url, headers=headers) as answer:
            if answer.status_code not in (200, 206):
                raise UpstreamError(answer.status_code, f"{url}: {answer.reason_phrase}")
            if answer.status_code == 200:
                if file.received:
                    # No resuming there: bytes already given out must not be written over.
                    raise UpstreamError(502, f"{url}: cut, and upstream cannot resume")
                if "content-length" not in answer.headers:
                    raise UpstreamError(502, f"{url}: upstream does not tell the size")
                with file.changed:
                    file.headers = {
                        name: answer.headers[name]
                        for name in ("content-type", "content-encoding", "last-modified", "etag")
                        if name in answer.headers
                    }
                    file.size = int(answer.headers["content-length"])
                    file.changed.notify_all()
            for data in answer.iter_raw(_PIECE):
                out.write(data)
                out.flush()
                with file.changed:
                    file.received += len(data)
                    file.changed.notify_all()
        if file.received != file.size:
            raise httpx.ReadError(f"cut after {file.received} of {file.size} bytes")


def _about(path: Path) -> Path:
    return path.with_name(path.name + ".headers")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, stop) of a `Range` header for one range of a file of `size` bytes (RFC 9110, 14).

    `None` means the whole file; an empty range (start == stop) means that it cannot be satisfied.
    """
    kind, _, text = (header or "").partition("=")
    first, dash, last = text.strip().partition("-")
    if kind.strip() != "bytes" or not dash or "," in text:
        return None
    if first.isdigit():
        start, stop = int(first), min(int(last) + 1, size) if last.isdigit() else size
    elif last.isdigit():
        start, stop = max(size - int(last), 0), size
    else:
        return None
    return (start, stop) if start < stop else (size, size)
