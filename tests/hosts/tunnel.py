"""The way into a workspace as a user has it: an ssh tunnel, and what is at its end."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence

from sandbox.hosts import SandboxHost
from tests.hosts.browser import free_port

PATIENCE_S = 30


@contextlib.contextmanager
def to(host: SandboxHost, *ports: int) -> Iterator[tuple[int, ...]]:
    """Ports of this machine that lead to those of the host's loopback."""
    ours = tuple(free_port() for _ in ports)
    forwards = [
        word
        for here, there in zip(ours, ports, strict=True)
        for word in ("-L", f"{here}:127.0.0.1:{there}")
    ]
    words = host.ssh_argv()
    process = subprocess.Popen(
        [words[0], "-N", "-o", "ExitOnForwardFailure=yes", *forwards, *words[1:]],
        stdin=subprocess.DEVNULL,
    )
    try:
        _until_open(ours, process)
        yield ours
    finally:
        process.terminate()
        process.wait()


def _until_open(ports: Sequence[int], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    for port in ports:
        while True:
            assert process.poll() is None, "ssh ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
                break
            assert time.monotonic() < deadline, f"no tunnel on {port}"
            time.sleep(0.1)
