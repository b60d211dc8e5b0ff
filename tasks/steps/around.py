"""What a host's jobs are surrounded by, kept for the time of a run."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from tasks.hostdata import network
from tasks.steps import files, surroundings
from tasks.steps.step import run
from tasks.steps.surroundings import Strangers

FILE = "/run/gpuwright/surroundings"
"""What facts source that go to the network; it may hold a password, and a reboot takes it away."""
_strangers: WeakKeyDictionary[Host, Strangers] = WeakKeyDictionary()
_placed: WeakKeyDictionary[Host, str] = WeakKeyDictionary()


def tolerate(host: Host, strangers: Strangers) -> None:
    """Let jobs of this host go on where one of these cannot be read."""
    _strangers[host] = strangers


def of_host(host: Host) -> str:
    """`surroundings.text` of this host."""
    known = _strangers.get(host, Strangers())
    return surroundings.text(network.network_settings(host.data), known)


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
