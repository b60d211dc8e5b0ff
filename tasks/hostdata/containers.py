"""What host data say about containers, checked before it is used. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tasks.hostdata.reading import Data

Restart = Literal["if-idle", "now"]
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}\$?")
_HOST = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?"
_MIRROR = re.compile(rf"https?://{_HOST}/?")
_PROXY = re.compile(rf"(https?|socks5h?)://([^\s\"'\\@/]+@)?{_HOST}/?")
_IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@-]*")


@dataclass(frozen=True)
class ContainerWish:
    """Host data about containers. Empty: nothing was said."""

    users: tuple[str, ...] = ()
    """Who may talk to Docker (which is as much as being root)."""
    mirrors: tuple[str, ...] = ()
    proxy: str = ""
    """May hold a password: never printed."""
    no_proxy: tuple[str, ...] = ()
    default_runtime: bool = False
    """Whether every container runs by the runtime ``nvidia``."""
    restart: Restart = "if-idle"
    """Whether Docker may restart while containers run that would stop with it."""
    rootless: str = ""
    """User who gets a Docker without root of his own."""
    proof_image: str = ""

    def __repr__(self) -> str:
        return f"ContainerWish(users={self.users}, restart={self.restart!r}, …)"


def of(data: Data) -> ContainerWish:
    """What these host data say. Raises `ValueError` with the key, the value and what is expected.

    + docker_users: names; a member of the group docker is as mighty as root
    + docker_registry_mirrors: addresses of Docker Hub's mirrors
    + docker_proxy, docker_no_proxy: for the daemon's pulls
    + docker_default_runtime: ``nvidia``
    + docker_restart: ``if-idle`` or ``now``
    + docker_rootless: a user's name
    + proof_image: an image that is on the host
    """
    restart = data.get("docker_restart") or "if-idle"
    if restart not in ("if-idle", "now"):
        raise _wrong("docker_restart", restart, "if-idle or now")
    runtime = data.get("docker_default_runtime")
    if runtime not in (None, "", "nvidia"):
        raise _wrong("docker_default_runtime", runtime, "nvidia")
    proxy = _text(data, "docker_proxy")
    if proxy and not _PROXY.fullmatch(proxy):
        raise ValueError(  # its value may hold a password
            "«docker_proxy» is not as expected: http://[user:password@]host[:port], with "
            "special characters of the password written as %XX."
        )
    rootless, image = _text(data, "docker_rootless"), _text(data, "proof_image")
    if rootless and (not _NAME.fullmatch(rootless) or rootless == "root"):
        raise _wrong("docker_rootless", rootless, "the name of a user who is not root")
    if image and not _IMAGE.fullmatch(image):
        raise _wrong("proof_image", image, "an image such as debian:bookworm-slim")
    return ContainerWish(
        users=_checked(data, "docker_users", _NAME, "names of users such as ['ana']"),
        mirrors=tuple(
            mirror.rstrip("/")
            for mirror in _checked(
                data,
                "docker_registry_mirrors",
                _MIRROR,
                "addresses without a path, user or password, such as ['https://mirror.example.org']",
            )
        ),
        proxy=proxy,
        no_proxy=_checked(
            data, "docker_no_proxy", re.compile(r"[A-Za-z0-9.:*/_-]+"), "hosts and networks"
        ),
        default_runtime=runtime == "nvidia",
        restart="now" if restart == "now" else "if-idle",
        rootless=rootless,
        proof_image=image,
    )


def _text(data: Data, key: str) -> str:
    value = data.get(key)
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        raise _wrong(key, value, "text")
    return value


def _checked(data: Data, key: str, pattern: re.Pattern[str], expected: str) -> tuple[str, ...]:
    value: Any = data.get(key)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = [item for item in re.split(r"[,\s]+", value) if item]
    if not isinstance(value, Sequence):
        raise _wrong(key, value, expected)
    for item in value:
        if not isinstance(item, str) or not pattern.fullmatch(item):
            raise _wrong(key, item, expected)
    return tuple(dict.fromkeys(value))


def _wrong(key: str, value: object, expected: str) -> ValueError:
    told = re.sub(r"://[^/@\s]*@", "://HIDDEN@", repr(value))
    return ValueError(f"«{key}» is {told}, expected {expected}.")
