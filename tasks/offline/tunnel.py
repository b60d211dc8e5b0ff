"""A port of the host's own loopback that leads back here, through the connection of this run.

Nothing listens on this machine, and on the host nobody but its own users reaches it. sshd takes it
away when the connection ends, however that ends (RFC 4254, section 7.1).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from paramiko import SSHException, Transport
from pyinfra import logger
from pyinfra.api.host import Host

from tasks.offline.manifest import Entry
from tasks.offline.serving import Handler

_opened: WeakKeyDictionary[Host, tuple[Transport, int]] = WeakKeyDictionary()


class TunnelError(OSError):
    """The host's sshd lets nobody back, or it is reached in another way than by ssh."""


def opened(host: Host, folder: Path, files: Mapping[str, Entry]) -> str:
    """Address on the host at which it reads these files, for as long as this connection lasts.

    Raises:
        TunnelError: There is none.
    """
    client = getattr(host.connector, "client", None)
    transport: Transport | None = client.get_transport() if client else None
    if transport is None:
        raise TunnelError(
            "BUNDLE-TUNNEL: this host is not reached by ssh, so no tunnel leads back from it. Put "
            "the bundle on its own disk and name it: --data bundle_at=/PATH"
        )
    known = _opened.get(host)
    if known is None or known[0] is not transport or not transport.is_active():

        def accept(channel: Any, *addresses: Any) -> None:
            serve = threading.Thread(target=_serve, args=(channel, host, folder, files))
            serve.daemon = True
            serve.start()

        try:
            port = transport.request_port_forward("127.0.0.1", 0, accept)
        except SSHException as error:
            raise TunnelError(
                f"BUNDLE-TUNNEL: the host's sshd opens no tunnel ({error}): AllowTcpForwarding or "
                "PermitListen forbids it to this login. Allow it, or put the bundle on the host's "
                "own disk and name it: --data bundle_at=/PATH"
            ) from None
        known = _opened[host] = (transport, port)
    return f"http://127.0.0.1:{known[1]}"


def _serve(channel: Any, host: Host, folder: Path, files: Mapping[str, Entry]) -> None:
    def say(text: str) -> None:
        logger.error(f"{host.print_prefix}{text}")

    # A client that ends, or a connection that is cut, is no fault of the bundle.
    with contextlib.suppress(OSError, EOFError, SSHException):
        Handler(channel, folder, files, say)
    with contextlib.suppress(OSError, EOFError, SSHException):
        channel.close()
