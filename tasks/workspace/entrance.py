"""How to get into a workspace, in lines to copy. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tasks.workspace.placing import Place


@dataclass(frozen=True)
class SshRoute:
    """How this controller reaches the host: the tunnel goes the same way."""

    host: str
    """Address or name."""
    user: str
    """Empty: ssh's own choice."""
    port: int = 22

    @property
    def words(self) -> str:
        """What stands behind ``ssh``."""
        port = f"-p {self.port} " if self.port != 22 else ""
        return port + shlex.quote(f"{self.user}@{self.host}" if self.user else self.host)


def entrance(place: Place, ssh_route: SshRoute) -> list[str]:
    """Tunnel, URLs, where the token lies; never the token."""
    workspace = place.workspace
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(workspace.address, workspace.address)
    far = f"[{near}]" if ":" in near else near
    ports = workspace.ports
    forwards = " ".join(f"-L {port}:{far}:{port}" for port in ports.values())
    token = f"{workspace.folder}/secrets/jupyter_token"
    show = "cat" if ssh_route.user in ("root", workspace.user) else "sudo cat"
    lines = [
        f"tunnel:      ssh -N {forwards} {ssh_route.words}",
        f"JupyterLab:  http://127.0.0.1:{workspace.port}/lab",
        f"token:       in {token} on the host, for {workspace.user} and root:",
        f"             ssh {ssh_route.words} {show} {token}",
    ]
    if "TensorBoard" in ports:
        lines.append(
            f"TensorBoard: http://127.0.0.1:{ports['TensorBoard']}/ (no password: every user of "
            "the host can open it)"
        )
    if "ssh" in ports:
        lines.append(f"ssh:         ssh -p {ports['ssh']} {workspace.user}@127.0.0.1")
    return lines
