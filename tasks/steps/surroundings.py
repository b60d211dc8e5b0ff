"""What surrounds every job on a host: the way out to the network, and nobody else's settings.

Jobs are units of systemd, and have nothing of what a login has. Here they get the proxies and the
certificates of the host as apt and curl have them, or those of the host's data, which win. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.hostdata.network import NetworkSettings
from tasks.templates import render

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


@dataclass(frozen=True)
class Strangers:
    """Package sources of others on a host, from which nothing of ours comes."""

    archives: tuple[str, ...] = ()
    """Of apt, ``URI SUITE``, as apt names them when it cannot read them."""
    repositories: tuple[str, ...] = ()
    """Of dnf, by id."""


PLACES = "/run/gpuwright/bundle"
"""Where a job's own package lists lie while it takes from a bundle; they go with its end."""


@dataclass(frozen=True)
class Bundle:
    """Where jobs of a host find what they else fetch."""

    address: str
    """``http://127.0.0.1:40117``, or the folder on the host."""
    index: str
    """Folder of the release's repository in it."""
    links: str
    """The page of all wheels in it."""
    key: str
    """The key that signed the repository, armoured: no other is trusted."""

    @property
    def on_disk(self) -> bool:
        """Whether it lies on the host."""
        return self.address.startswith("/")


def text(settings: NetworkSettings, strangers: Strangers, bundle: Bundle | None = None) -> str:
    """Shell that every job of a host begins with, in the folder of the job.

    It may hold a password.
    """
    return render(
        "surroundings.sh.j2",
        proxy=settings.proxy,
        no_proxy=",".join(settings.no_proxy),
        strangers="\n".join(strangers.archives),
        repositories=[name for name in strangers.repositories if _ID.fullmatch(name)],
        bundle=bundle,
        places=PLACES,
    )
