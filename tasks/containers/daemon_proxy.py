"""The proxy of a daemon of containers, in two files: what its unit reads, and that it does. Pure.

Only root may read the first: a unit's own ``Environment=`` is shown to everybody (systemd.exec(5)).
"""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.host import HostState
from tasks.hostdata.network import NetworkSettings
from tasks.steps import files


@dataclass(frozen=True)
class DaemonProxy:
    """Where a daemon's proxy is written."""

    name: str
    """Of its unit: ``docker``."""
    called: str
    """For a person: ``Docker``."""

    @property
    def environment(self) -> str:
        """The file with the variables; it may hold a password."""
        return f"/opt/gpuwright/etc/{self.name}-proxy.env"

    @property
    def drop_in(self) -> str:
        """The file by which the unit reads it."""
        return f"/etc/systemd/system/{self.name}.service.d/gpuwright-proxy.conf"

    @property
    def drop_in_text(self) -> str:
        """What that says."""
        return f"{files.HEADER}[Service]\nEnvironmentFile={self.environment}\n"

    def due(self, state: HostState, network: NetworkSettings) -> bool:
        """Whether the two are not as host data say; without a proxy there are none."""
        if not network.proxy:
            return self.environment in state.managed_files or self.drop_in in state.managed_files
        return files.differs(state, self.environment, text(network)) or files.differs(
            state, self.drop_in, self.drop_in_text
        )


DOCKER = DaemonProxy("docker", "Docker")
CONTAINERD = DaemonProxy("containerd", "containerd")


def lines(network: NetworkSettings) -> list[str]:
    """The variables; they may hold a password."""
    found = [f"{name}={network.proxy}" for name in ("HTTP_PROXY", "HTTPS_PROXY")]
    return found + ([f"NO_PROXY={','.join(network.no_proxy)}"] if network.no_proxy else [])


def text(network: NetworkSettings) -> str:
    """The environment of the daemon; empty where nothing is said."""
    return files.HEADER + "\n".join(lines(network)) + "\n" if network.proxy else ""
