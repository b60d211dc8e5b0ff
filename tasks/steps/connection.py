"""The connection to a host: hurried, watched, and given up where nothing comes back any more.

pyinfra waits for ever for a command, and so does paramiko for a channel that a frozen host never
opens. paramiko's own keepalive asks, and nobody listens for the answer; TCP notices only a host
that is gone, after a quarter of an hour. So each question here has a limit, and each connection is
asked for a sign of life that must come (OpenSSH's PROTOCOL: ``keepalive@openssh.com``; RFC 4254,
section 4: an unknown request is answered too).
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from paramiko import Transport
from pyinfra.api.host import Host

from tasks.hostdata import host as host_data
from tasks.hostdata.host import Waits
from tasks.steps import course
from tasks.templates import waits

_ALIVE = "keepalive@openssh.com"
_CLOSE_S = 2

_tended: WeakKeyDictionary[Host, object] = WeakKeyDictionary()


class OverdueError(TimeoutError):
    """A host gave no answer within its limit."""


def patience(host: Host) -> Waits:
    """How long this host is waited for; the defaults where its data are wrong, which others say."""
    try:
        return host_data.waits(host.data)
    except ValueError:
        return Waits()


@contextlib.contextmanager
def limited(host: Host, seconds: float, what: str) -> Iterator[None]:
    """Do something with a host for this long at most.

    The connection is given up then, for what hangs on the host may hang for ever.

    Raises:
        OverdueError: There was no end.
    """
    timer = gevent.Timeout(seconds)
    try:
        with timer:
            yield
    except gevent.Timeout as over:
        if over is not timer:
            raise
        given_up(host)
        raise OverdueError(
            f"{what}: no answer within {seconds:g} s, so this host is left alone. A program hangs "
            "there, or waits for a disk: ps -eo pid,stat,lstart,args --sort=-start_time shows it"
        ) from None


def tended(host: Host) -> None:
    """See to this connection, once: no waiting for small packets, and a watch on its life.

    paramiko leaves TCP_NODELAY off, which costs some 40 ms for every command.
    """
    client = getattr(host.connector, "client", None)
    transport = client.get_transport() if client else None
    if transport is None or _tended.get(host) is transport:
        return
    _tended[host] = transport
    setsockopt = getattr(transport.sock, "setsockopt", None)
    if setsockopt is not None:  # a ProxyJump channel is no socket
        setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    gevent.spawn(_watch, host, transport, patience(host).silence)


def _watch(host: Host, transport: Transport, silence_s: float) -> None:
    every = min(waits.ASK_ALIVE_S, silence_s / 2)
    while transport.is_active():
        gevent.sleep(every)
        silence = gevent.Timeout(silence_s)
        try:
            with silence:
                if transport.is_active():
                    transport.global_request(_ALIVE, wait=True)
            continue
        except gevent.Timeout:
            pass
        except Exception:  # it is closed, by whomever: who uses it will say so
            return
        if transport.is_active() and _tended.get(host) is transport:
            course.stopped(
                host,
                f"no sign of life for {silence_s:g} s: the connection is given up. What runs there "
                "as a job goes on; once the host answers again, run the same command again",
            )
            given_up(host)
        return


def given_up(host: Host) -> None:
    """Leave the connection: all that waits for something from it ends."""
    client: Any = getattr(host.connector, "client", None)
    if client is not None:  # it waits for its own reader, which may hang as well
        gevent.spawn(client.close).join(_CLOSE_S)
