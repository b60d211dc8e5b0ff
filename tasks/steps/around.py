"""What a host's jobs are surrounded by, kept for the time of a run."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary, WeakSet

from pyinfra.api.host import Host

from tasks.hostdata import network
from tasks.steps import files, surroundings
from tasks.steps.step import run
from tasks.steps.surroundings import Bundle, Strangers

FILE = "/run/gpuwright/surroundings"
"""What facts source that go to the network; it may hold a password, and a reboot takes it away."""
_strangers: WeakKeyDictionary[Host, Strangers] = WeakKeyDictionary()
_bundles: WeakKeyDictionary[Host, Callable[[], Bundle]] = WeakKeyDictionary()
_left: WeakSet[Host] = WeakSet()
_placed: WeakKeyDictionary[Host, str] = WeakKeyDictionary()


def tolerate(host: Host, strangers: Strangers) -> None:
    """Let jobs of this host go on where one of these cannot be read."""
    _strangers[host] = strangers


def supply(host: Host, bundle: Callable[[], Bundle]) -> None:
    """Let jobs of this host take all from a bundle.

    It is asked for when a job starts, and may raise `OSError` where nothing leads to it.
    """
    _bundles[host] = bundle


def leave_sources(host: Host) -> None:
    """Set no package source of this host up: what it takes, if anything, comes from a bundle."""
    _left.add(host)


def leaves_sources(host: Host) -> bool:
    """Whether this host's package sources stay as they are."""
    return host in _left


def put_away(host: Host, job: str) -> str:
    """Shell that takes away what a job of this name had of a bundle; empty: there is none."""
    return f"rm -rf {surroundings.PLACES}/{job}\n" if host in _bundles else ""


def of_host(host: Host) -> str:
    """`surroundings.text` of this host.

    Raises:
        OSError: Nothing leads to its bundle.
    """
    known = _strangers.get(host, Strangers())
    bundle = _bundles[host]() if host in _bundles else None
    return surroundings.text(network.network_settings(host.data), known, bundle)


def forget(host: Host) -> None:
    """A reboot of this host has taken away what was put there."""
    _placed.pop(host, None)


def file(host: Host) -> str:
    """Path of a file with the proxy of this host's data; empty where they name none.

    It is put there when it is first asked for, through standard input: what is in a command line
    stands in the list of processes.

    Raises:
        ValueError: Host data are not as expected, or the file could not be put there.
    """
    if not network.network_settings(host.data).proxy:
        return ""
    if host not in _placed:
        good, said = run(
            host, files.put_script(FILE), timeout=60, stdin=files.packed(of_host(host))
        )
        if not good:
            raise ValueError(f'"proxy" could not be put on the host: {said}')
        _placed[host] = FILE
    return _placed[host]
