"""How a host is reached: its addresses, its keys, and commands on it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sandbox.checkout import HOSTS, MARK
from sandbox.lifecycle import records
from sandbox.local import network, ssh
from sandbox.local.processes import Process
from sandbox.spec import HostSpec, from_record

RELAY_PORT = 2222
_Access = TypeVar("_Access", bound="HostAccess")


@dataclass(frozen=True)
class HostAccess:
    """A host that was brought up, and how to reach it."""

    spec: HostSpec
    address: str
    """Where ssh connects to: the host, or the delaying relay before it."""
    port: int
    ip: str
    """The host's own address."""
    key: Path
    known_hosts: Path
    """Holds exactly this host's key."""
    rootfs: Path
    """The host's file system, as this machine sees it; of a virtual machine only what it is given
    at each boot."""
    mirror_url: str | None
    """Base address of the download cache as the host reaches it; the index is at `/simple`."""
    user: str = "root"
    """`admin` (sudo without a password) and `nosudo` are let in with the same key."""

    @classmethod
    def of(cls: type[_Access], record: dict[str, Any]) -> _Access:
        """The host that `record` is about."""
        spec = from_record(record["spec"])
        where = network.address(record["index"])
        folder = HOSTS / spec.name
        return cls(
            spec=spec,
            address=where.gateway if spec.delay_ms else where.host,
            port=RELAY_PORT if spec.delay_ms else 22,
            ip=where.host,
            key=ssh.CLIENT_KEY,
            known_hosts=folder / "known_hosts",
            rootfs=folder / "root",
            mirror_url=record["mirror_url"],
        )

    @property
    def name(self) -> str:
        """The host's name."""
        return self.spec.name

    def ssh_argv(self, *command: str, user: str | None = None) -> list[str]:
        """The ssh command line that runs `command` on the host, as `user`."""
        return self._argv(user or self.user, self.spec.vm, *command)

    def run(self, command: str, user: str | None = None) -> ssh.Completed:
        """Run a shell command on the host over ssh; its exit status is in the result.

        Those of root share one connection: a login costs twenty times what `true` does. Others
        log in each time, so that they have the groups and settings that they have by then.
        """
        who = user or self.user
        return ssh.run_command(self._argv(who, self.spec.vm or who == "root", command))

    def _argv(self, user: str, shared: bool, *command: str) -> list[str]:
        words = ssh.options(self.key, self.known_hosts, self.port)
        if shared:
            words += ssh.shared(_channel(self.name, user))
        return ["ssh", *words, f"{user}@{self.address}", *command]

    def running(self) -> bool:
        """Whether the host runs and its sshd answers."""
        record = records.read(self.name) or {}
        processes = [Process.from_record(record.get(key)) for key in ("process", "relay")]
        needed = processes if self.spec.delay_ms else processes[:1]
        if not all(process and process.alive() for process in needed):
            return False
        return ssh.answers(self.address, self.port)


def hang_up(name: str) -> None:
    """End the connections to host `name` that commands share."""
    for channel in _channel(name, "").parent.glob(_channel(name, "*").name):
        ssh.hang_up(channel)


def _channel(name: str, user: str) -> Path:
    """The socket of the connection that a user's commands share; its path has to be short."""
    return Path(f"/run/{MARK}-{name}.{user}")
