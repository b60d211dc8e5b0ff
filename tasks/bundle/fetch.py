"""One file from an address into a bundle: resumed where it was cut, checked in the end."""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from stacks.model import address as addresses
from tasks.bundle.manifest import BundleError

TRIES = 4
TIMEOUT_S = 120
"""Of a silent connection."""
PAUSE_S = 2.0
"""Before the second try; twice as long before each further one."""
WHOLE = 416
"""HTTP status: there is nothing after what is here (RFC 9110, 15.5.17)."""


def fetch(url: str, sha256: str, target: Path, known: Iterable[str] = ()) -> None:
    """Fetch a file, whose digest says whether it is the right one.

    Args:
        url: Its address; a name and password in it are sent and never said.
        sha256: 64 hex digits.
        target: Where it goes. What is cut off waits beside it, in ``….part``.
        known: Addresses with a name and password for the same server.

    Raises:
        BundleError: It did not come, or another file came.
    """
    part = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    why = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
        try:
            _receive(url, part, known)
        except urllib.error.HTTPError as error:
            why = f"the server answers {error.code} {error.reason}"
            if error.code < 500 and error.code != WHOLE:
                break
            if error.code != WHOLE:
                continue
        except (OSError, http.client.HTTPException) as error:
            why = str(getattr(error, "reason", error)) or repr(error)
            continue
        found = _sha256(part)
        if found == sha256:
            part.replace(target)
            return
        why = f"what came has the SHA-256 {found}, and not {sha256}"
        part.unlink()
    raise BundleError(f"{target.name} cannot be fetched from {_server(url)}: {why}")


def _receive(url: str, part: Path, known: Iterable[str]) -> None:
    """Append to ``part`` what it lacks; begin again where the server cannot do that."""
    request = urllib.request.Request(addresses.bare(url))
    if login := _login(url, known):
        # Not to be sent to where a redirection leads.
        request.add_unredirected_header("Authorization", f"Basic {login}")
    there = part.stat().st_size if part.exists() else 0
    if there:
        request.add_header("Range", f"bytes={there}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        length = answer.headers.get("Content-Length")
        came = 0
        with part.open("ab" if answer.status == http.HTTPStatus.PARTIAL_CONTENT else "wb") as file:
            while block := answer.read(2**20):
                came += file.write(block)
    if length is not None and came < int(length):
        raise OSError(f"the connection was cut after {came:,} of {int(length):,} bytes")


def _login(url: str, known: Iterable[str]) -> str:
    server = _server(url)
    for address in (url, *known):
        login = addresses.login(address)
        if login is not None and _server(address) == server:
            pair = f"{login.user}:{login.password}"
            return base64.b64encode(pair.encode()).decode()
    return ""


def _server(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(2**20):
            digest.update(block)
    return digest.hexdigest()
