"""A sandbox host in pyinfra's words."""

from __future__ import annotations

from typing import Any

from sandbox.hosts import SandboxHost


def host_data(host: SandboxHost) -> dict[str, Any]:
    """What an inventory says about this host: how to reach it, its package index, its driver.

    A Debian host takes Debian's own driver, by name: of all drivers only that one can be fetched
    where sandboxes run. Left to itself, the resolver takes a branch that is still maintained, from
    NVIDIA's repository.
    """
    own = {"driver_origin": "debian"} if host.spec.os.startswith("debian") else {}
    return {
        **own,
        "ssh_hostname": host.address,
        "ssh_port": host.port,
        "ssh_user": host.user,
        "ssh_key": str(host.key),
        "ssh_known_hosts_file": str(host.known_hosts),
        "ssh_strict_host_key_checking": "yes",
        "mirrors": {"pypi": f"{host.mirror_url}/simple"} if host.mirror_url else {},
    }
