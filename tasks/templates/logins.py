"""A login as the files of the programs that fetch say it. Pure.

None of them takes it from a command line, which every account of a host can read.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from urllib.parse import urlsplit

from stacks.model import address


class Unsaid(tuple[str, ...]):
    """Lines for a standard input, which pyinfra prints nowhere.

    It tells each fact with all arguments, ``_stdin`` among them: with ``-v``, and where it fails.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "HIDDEN"


def for_curl(whole: str) -> str:
    """A line for ``curl --config`` (curl(1), "-K"); empty where the address has no login."""
    login = address.login(whole)
    if login is None:
        return ""
    pair = f"{login.user}:{login.password}".replace("\\", "\\\\").replace('"', '\\"')
    return f'user = "{pair}"'


def for_fetch(whole: str) -> list[str]:
    """Shell that lets the function of ``fetch.sh.j2`` log in; none where there is no login."""
    line = for_curl(whole)
    return [f"fetch_login={shlex.quote(line)}"] if line else []


def without(addresses: Iterable[str]) -> list[str]:
    """Those without a login, without a slash at their end.

    The function of ``fetch.sh.j2`` has one login, that of the address that it begins with.
    """
    return [one.rstrip("/") for one in addresses if address.login(one) is None]


def for_apt(whole: str) -> str:
    """A line for a file below ``/etc/apt/auth.conf.d``; empty where the address has no login.

    Without the scheme apt would use it for https alone (apt_auth.conf(5)).
    """
    login = address.login(whole)
    if login is None:
        return ""
    parts = urlsplit(address.bare(whole))
    where = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return f"machine {where} login {login.user} password {login.password}"


def for_dnf(whole: str) -> list[str]:
    """Options of a repository (dnf.conf(5)); none where the address has no login."""
    login = address.login(whole)
    return [f"username={login.user}", f"password={login.password}"] if login else []
