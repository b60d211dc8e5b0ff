"""What the mirror keeps: files for ever, pages until upstream has a newer one."""

import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from sandbox.mirror.faults import Faults
from sandbox.mirror.store import Store, UpstreamError


class Page:
    """A page that may change, as upstream last gave it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.body = answer.content
        self.headers = answer.headers
        self.asked = time.monotonic()


class Mirror:
    """What the handler threads share: the cache below `cache`, and the package index `index`.

    `faults` tells what is to go wrong for the client with a given address.
    """

    def __init__(self, cache: Path, index: str, faults: Callable[[str], Faults]) -> None:
        # The system's own certificates: a machine behind a company's proxy has them there.
        self.client = httpx.Client(
            verify=ssl.create_default_context(),
            follow_redirects=True,
            timeout=httpx.Timeout(60, connect=20),
            limits=httpx.Limits(max_connections=32),
        )
        self.counts: Counter[str] = Counter()
        self.store = Store(cache / "files", self.client, self.count)
        self.index = index
        self.faults = faults
        self._pages: dict[tuple[str, str], Page] = {}
        self._lock = threading.Lock()

    def count(self, what: str, url: str) -> None:
        """Count one event for `/status` and write it to the log."""
        with self._lock:
            self.counts[what] += 1
        print(time.strftime("%H:%M:%S"), what, url, file=sys.stderr, flush=True)

    def page(self, url: str, accept: str, fresh_s: float = 0) -> Page:
        """The page at `url`, asked for again if the copy is older than `fresh_s` seconds.

        Raises:
            UpstreamError: if upstream answers with anything but the page.

        """
        old = self._pages.get((url, accept))
        if old and time.monotonic() - old.asked < fresh_s:
            self.count("hit", url)
            return old
        headers = {"Accept": accept}
        for ours, theirs in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
            if old and ours in old.headers:
                headers[theirs] = old.headers[ours]
        self.count("upstream", url)
        try:
            answer = self.client.get(url, headers=headers)
        except httpx.HTTPError as failed:
            raise UpstreamError(502, f"{url}: {failed or type(failed).__name__}") from None
        if answer.status_code == 304 and old:
            old.asked = time.monotonic()
            return old
        if answer.status_code != 200:
            raise UpstreamError(answer.status_code, f"{url}: {answer.reason_phrase}")
        page = self._pages[url, accept] = Page(answer)
        return page
