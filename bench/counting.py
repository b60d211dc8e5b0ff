"""How many channels a run opens on a host: counted by a second sshd there, which writes a log."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import target
from bench.target import BenchError
from sandbox.hosts import SandboxHost
from sandbox.local import ssh

PORT = 2200
_LOG = "/run/bench-sshd.log"
_UNIT = "bench-sshd"
_CONNECTION = re.compile(r"^Accepted \S+ for ")
_CHANNEL = re.compile(r"^Starting session: ")


@dataclass(frozen=True)
class Counts:
    """What one run cost in round trips, as the server saw it."""

    connections: int
    channels: int
    """Commands and subsystems started: sshd's "Starting session" lines, one per ssh channel."""


@dataclass(frozen=True)
class CountingServer:
    """A second sshd on the host: same keys and settings, another port, LogLevel VERBOSE."""

    host: SandboxHost
    known_hosts: Path

    def argv(self, *command: str) -> list[str]:
        """The ssh command line that runs ``command`` through this server."""
        words = ssh.options(self.host.key, self.known_hosts, PORT)
        return ["ssh", *words, f"{self.host.user}@{self.host.ip}", *command]

    def reset(self) -> None:
        """Forget what was counted. Not counted itself: it goes through the usual sshd."""
        target.output(self.host, f": >{_LOG}")

    def counts(self) -> Counts:
        """What came since the last `reset`."""
        return count(target.output(self.host, f"cat {_LOG}"))


def count(log: str) -> Counts:
    """Connections and channels in an sshd log of LogLevel VERBOSE (sshd_config(5))."""
    lines = [line.split("]: ", 1)[-1] for line in log.splitlines()]
    return Counts(
        sum(bool(_CONNECTION.match(line)) for line in lines),
        sum(bool(_CHANNEL.match(line)) for line in lines),
    )


@contextlib.contextmanager
def server(host: SandboxHost) -> Iterator[CountingServer]:
    """Run the counting sshd inside a ``with`` block.

    Raises:
        BenchError: It does not start.
    """
    known = target.FOLDER / f"known_hosts_{host.name}"
    key = host.known_hosts.read_text().split(maxsplit=1)[1]
    target.FOLDER.mkdir(parents=True, exist_ok=True)
    known.write_text(f"[{host.ip}]:{PORT} {key}")
    options = f"-D -p {PORT} -o LogLevel=VERBOSE -o PidFile=none -E {_LOG}"
    stop = f"systemctl stop {_UNIT} 2>/dev/null || :; rm -f {_LOG}"
    target.output(host, f"{stop}; systemd-run -q --collect --unit={_UNIT} /usr/sbin/sshd {options}")
    counting = CountingServer(host, known)
    try:
        for _ in range(100):
            if target.run(counting.argv("true")).returncode == 0:
                break
        else:
            raise BenchError(f"{host.name}: the counting sshd does not answer on port {PORT}")
        yield counting
    finally:
        target.output(host, stop)
