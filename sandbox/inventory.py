"""A sandbox host in pyinfra's words."""

from __future__ import annotations

from typing import Any

from sandbox.hosts import SandboxHost


def host_data(host: SandboxHost) -> dict[str, Any]:
    """What an inventory says about this host: how to reach it, and its package index."""
    return {
        "ssh_hostname": host.address,
        "ssh_port": host.port,
        "ssh_user": host.user,
        "ssh_key": str(host.key),
        "ssh_known_hosts_file": str(host.known_hosts),
        "ssh_strict_host_key_checking": "yes",
        "mirrors": {"pypi": f"{host.mirror_url}/simple"} if host.mirror_url else {},
    }
