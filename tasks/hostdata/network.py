"""How a host reaches the network, as its data say. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.hostdata.reading import Data, Reader

HOST = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?"
PROXY = re.compile(rf"(https?|socks5h?)://([^\s\"'\\@/]+@)?{HOST}/?")
PROXY_EXPECTED = (
    "http://[user:password@]host[:port], with special characters of the password written as %XX"
)
NO_PROXY = re.compile(r"[A-Za-z0-9.:*/_-]+")


@dataclass(frozen=True)
class NetworkSettings:
    """The way out. Empty: nothing was said, and the host's own settings count."""

    proxy: str = ""
    """May hold a password: never printed."""
    no_proxy: tuple[str, ...] = ()
    """Hosts and networks that are reached without it."""
    needless: bool = False
    """Whether all comes from a bundle, so that there need be no way out."""

    def __repr__(self) -> str:
        return f"NetworkSettings(no_proxy={self.no_proxy}, …)"


def network_settings(data: Data) -> NetworkSettings:
    """What these host data say. Raises `ValueError` with key and what was expected."""
    reader = Reader(data)
    return NetworkSettings(
        proxy=reader.match("proxy", PROXY, PROXY_EXPECTED, secret=True).rstrip("/"),
        no_proxy=reader.matches("no_proxy", NO_PROXY, "hosts and networks"),
    )
