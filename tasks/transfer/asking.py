"""A request for a file by HTTP, and who may know the password that goes with it."""

from __future__ import annotations

import base64
import contextlib
import functools
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from stacks.model import address as addresses

MOST_REDIRECTIONS = 5
MOST_IN_LOCATION = 8192
"""Characters of an address to which a server sends."""
_PORTS = {"http": 80, "https": 443}


class AskingError(Exception):
    """An address cannot be asked at all; the text holds none of its secrets."""


@dataclass(frozen=True)
class Source:
    """One address of a file, and what is sent to its server alone."""

    url: str
    """Without user and password."""
    login: str = field(default="", repr=False)
    """Of ``Authorization``; empty: none."""

    @property
    def host(self) -> str:
        """The server, for messages; with its port where that is not the usual one."""
        return urlsplit(self.url).netloc

    @classmethod
    def at(cls, url: str, known: Iterable[str] = ()) -> Source:
        """The source of an address that may hold a login.

        Args:
            url: The address.
            known: Addresses with a login, which serves for files of the very same server.

        Raises:
            AskingError: It is no address of HTTP.
        """
        origin = _origin(url)
        if origin is None:
            raise AskingError("an address begins with http:// or https:// and the name of a server")
        for one in (url, *known):
            login = addresses.login(one) if _origin(one) == origin else None
            if login is not None:
                pair = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
                return cls(addresses.bare(url), f"Basic {pair}")
        return cls(addresses.bare(url))


def client(silence_s: float) -> httpx.Client:
    """What asks: by the environment's proxies, and with the machine's own certificates.

    Args:
        silence_s: After which a server that sends nothing is given up.

    Raises:
        AskingError: The environment names a proxy that cannot be used.
    """
    try:
        return httpx.Client(timeout=silence_s, verify=_certificates(), follow_redirects=False)
    except (ImportError, ValueError, httpx.InvalidURL):
        raise AskingError(
            "the environment names a proxy that is none of HTTP (env | grep -i proxy)"
        ) from None


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Reading them takes longer than a small file."""
    return ssl.create_default_context()


@contextlib.contextmanager
def answer(
    client: httpx.Client, source: Source, fields: Mapping[str, str]
) -> Iterator[httpx.Response]:
    """The answer of whom the source sends to in the end; its body is not read yet.

    The login goes to the source's own server (scheme, name and port) and to no other one, wherever
    it sends; nor does a login that stands in what it answers.

    Raises:
        AskingError: It sends on and on, or to what is no address of HTTP.
        httpx.TransportError: The connection failed.
    """
    url = source.url
    for _ in range(MOST_REDIRECTIONS + 1):
        ours = _origin(url) == _origin(source.url)
        login = {"Authorization": source.login} if source.login and ours else {}
        # As it is stored: what a server would pack for the way could not be gone on with.
        asked = {"Accept-Encoding": "identity", **fields, **login}
        with client.stream("GET", url, headers=asked) as got:
            if not got.has_redirect_location:
                yield got
                return
            url = _next(got)
    raise AskingError(f"it redirects more than {MOST_REDIRECTIONS} times")


def _next(got: httpx.Response) -> str:
    said = got.headers["location"]
    with contextlib.suppress(ValueError, httpx.InvalidURL):
        url = addresses.bare(str(got.url.join(said))) if len(said) <= MOST_IN_LOCATION else ""
        if _origin(url) is not None:
            return url
    raise AskingError("it redirects to what is no address of http or https")


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, name and port; None for what is no address of HTTP."""
    try:
        parts, _ = urlsplit(url), httpx.URL(url)
        if parts.scheme in _PORTS and parts.hostname:
            return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
    except (ValueError, httpx.InvalidURL):
        pass
    return None
