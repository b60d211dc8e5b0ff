"""What a host's jobs are surrounded by, kept for the time of a run."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from tasks.hostdata import network
from tasks.steps import surroundings
from tasks.steps.surroundings import Strangers

_strangers: WeakKeyDictionary[Host, Strangers] = WeakKeyDictionary()


def tolerate(host: Host, strangers: Strangers) -> None:
    """Let jobs of this host go on where one of these cannot be read."""
    _strangers[host] = strangers


def of_host(host: Host) -> str:
    """`surroundings.text` of this host."""
    known = _strangers.get(host, Strangers())
    return surroundings.text(network.network_settings(host.data), known)
