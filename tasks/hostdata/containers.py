"""What host data say about containers, checked before it is used. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from tasks.hostdata import mirrors as registry_mirrors
from tasks.hostdata import network
from tasks.hostdata.reading import Data, Reader

Restart = Literal["if-idle", "now"]
RESTARTS: tuple[Restart, ...] = ("if-idle", "now")
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}\$?")
_MIRROR = re.compile(rf"https?://{network.HOST}/?")
_IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@-]*")
_A_USER = "the name of a user who is not root"


@dataclass(frozen=True)
class ContainerSettings:
    """Host data about containers. Empty: nothing was said."""

    users: tuple[str, ...] = ()
    """Who may talk to Docker (which is as much as being root)."""
    mirrors: tuple[str, ...] = ()
    proxy: str = ""
    """Docker's own, else the host's. May hold a password: never printed."""
    no_proxy: tuple[str, ...] = ()
    host: network.NetworkSettings = field(default_factory=network.NetworkSettings)
    """The host's own way out, for the other engines."""
    default_runtime: bool = False
    """Whether every container runs by the runtime ``nvidia``."""
    restart: Restart = "if-idle"
    """Whether Docker may restart while containers run that would stop with it."""
    rootless: str = ""
    """User who gets a Docker without root of his own."""
    proof_image: str = ""

    def __repr__(self) -> str:
        return f"ContainerSettings(users={self.users}, restart={self.restart!r}, …)"


def container_settings(data: Data) -> ContainerSettings:
    """What these host data say. Raises `ValueError` with key, value and what was expected."""
    reader = Reader(data)
    of_host = network.network_settings(data)
    rootless = reader.match("docker_rootless", _NAME, _A_USER)
    if rootless == "root":
        raise reader.wrong("docker_rootless", rootless, _A_USER)
    return ContainerSettings(
        users=reader.matches("docker_users", _NAME, "names of users such as ['ana']"),
        mirrors=tuple(
            mirror.rstrip("/")
            for mirror in reader.matches(
                "docker_registry_mirrors",
                _MIRROR,
                "addresses without a path, user or password, such as ['https://mirror.example.org']",
            )
        )
        or registry_mirrors.registries(data),
        proxy=reader.match("docker_proxy", network.PROXY, network.PROXY_EXPECTED, secret=True)
        or of_host.proxy,
        no_proxy=reader.matches("docker_no_proxy", network.NO_PROXY, "hosts and networks")
        or of_host.no_proxy,
        host=of_host,
        default_runtime=reader.choice("docker_default_runtime", ("nvidia",), "") == "nvidia",
        restart=reader.choice("docker_restart", RESTARTS, "if-idle"),
        rootless=rootless,
        proof_image=reader.match("proof_image", _IMAGE, "an image such as debian:bookworm-slim"),
    )
