"""One session of an ssh connection: opened with patience, and fed while it is read."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import gevent
from paramiko import Channel, ChannelException
from paramiko.transport import Transport

PAUSES_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each try to open one: sshd counts one that has just ended a while longer, and
takes no more than MaxSessions."""

_REFUSED = "open FAILED"
logging.getLogger("paramiko.transport").addFilter(lambda said: _REFUSED not in said.getMessage())
"""paramiko's own thread tells each refusal as an error; here it is none until the last."""


def opened(transport: Transport) -> Channel:
    """A session.

    Raises:
        ChannelException: sshd opens none, however long one waits.
    """
    # paramiko leaves TCP_NODELAY off, which costs some 40 ms for every command.
    setsockopt = getattr(transport.sock, "setsockopt", None)
    if setsockopt is not None:  # a ProxyJump channel is no socket
        setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for pause in PAUSES_S:
        gevent.sleep(pause)
        try:
            return transport.open_session()
        except ChannelException as error:
            refused = error
    raise refused


@contextlib.contextmanager
def running(channel: Channel, word: str, chunks: Iterable[bytes]) -> Iterator[Channel]:
    """Let it run a text; what that is to read goes there meanwhile. It is closed in the end."""
    with contextlib.closing(channel):
        channel.exec_command(word)
        writing = gevent.spawn(_written, channel, chunks)
        gevent.sleep(0)  # it begins now
        try:
            yield channel
        finally:
            writing.kill()


def chunks(given: Any) -> Iterable[bytes]:
    """What pyinfra's ``_stdin`` may be, as bytes: a text, lines or a file; each line has an end."""
    if given is None or given == "":
        return ()
    lines = given.readlines() if hasattr(given, "readlines") else given
    lines = lines if isinstance(lines, list | tuple) else [lines]
    return (line.encode() if line.endswith("\n") else f"{line}\n".encode() for line in lines)


def _written(channel: Channel, parts: Iterable[bytes]) -> None:
    with contextlib.suppress(OSError):  # it ended before it had read all
        for part in parts:
            channel.sendall(part)
        channel.shutdown_write()
