"""sshd for the container's one user: keys only, no root, on a high port."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from image.programs import place
from image.programs.settings import PORTS, RefusalError, Settings

CONFIG = place.FOLDER / "sshd_config"
HANDED_ON = ("PATH", "CUDA_", "LD_LIBRARY_PATH", "NVIDIA_", "NCCL_", "TORCHINDUCTOR_", "TRITON_")
"""Beginnings of the names of variables that a session has as the container has them."""


def prepare(settings: Settings, environment: Mapping[str, str]) -> None:
    """Write the configuration, and a host key where there is none yet.

    The key lies in the home folder: with a volume there it stays the same, and no client warns.

    Raises:
        RefusalError: This user cannot have an sshd.
    """
    if os.getuid() < 500:
        raise RefusalError(
            "IMAGE-SSH-UID",
            f"sshd needs a user that can be looked up; uid {os.getuid()} is below 500",
            "docker run --user 1000 …",
        )
    folder = Path(environment["HOME"]) / ".local/share/gpuwright"
    key = folder / "ssh_host_ed25519_key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not key.exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)],
                stdin=subprocess.DEVNULL,
                check=True,
            )
        key.chmod(0o600)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RefusalError(
            "IMAGE-SSH-KEY", f"no host key can be made in {folder}: {error}", "mount a home volume"
        ) from None
    place.write(CONFIG, text(settings, key, environment))


def text(settings: Settings, key: Path, environment: Mapping[str, str]) -> str:
    """The configuration. sshd hands no variable of its own on; sessions get what is set here."""
    handed = " ".join(
        shlex.quote(f"{name}={value}")
        for name, value in sorted(environment.items())
        if name.startswith(HANDED_ON) and '"' not in value and "'" not in value
    )
    return f"""\
Port {PORTS["sshd"]}
ListenAddress {settings.bind}
HostKey {key}
PidFile none
AuthorizedKeysFile {settings.keys}
# The file comes from whoever starts the container, and its owner is theirs; sshd itself runs as
# the one user that it serves.
StrictModes no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin no
AllowUsers {settings.ssh_user}
PrintMotd no
X11Forwarding no
Subsystem sftp internal-sftp
SetEnv {handed}
"""
