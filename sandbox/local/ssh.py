"""Keys made here, and ssh that checks the host's key."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.checkout import KEYS, SandboxError, lock
from sandbox.commands import run

Completed = subprocess.CompletedProcess[str]
CLIENT_KEY = KEYS / "id_ed25519"
"""The private key that every host of this checkout lets in."""


def client_key() -> Path:
    """The client's private key, made at the first call."""
    with lock("keys"):
        if not CLIENT_KEY.with_suffix(".pub").is_file():
            make_key(CLIENT_KEY, "gpuwright-sandbox")
    return CLIENT_KEY


def make_key(path: Path, comment: str) -> None:
    """Make an ed25519 pair at `path` and `path`.pub, in place of what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))


def install_host_key(etc_ssh: Path, folder: Path) -> str:
    """Make a host key in `folder` if there is none, copy it to `etc_ssh`; give the public part."""
    key = folder / "ssh_host_ed25519_key"
    if not key.with_suffix(".pub").is_file():
        make_key(key, "sandbox host")
    etc_ssh.mkdir(parents=True, exist_ok=True)
    for file in (key, key.with_suffix(".pub")):
        shutil.copy2(file, etc_ssh / file.name)
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def options(key: Path, known_hosts: Path, port: int) -> list[str]:
    """Ssh's options for a host whose key must be the one in `known_hosts`."""
    pairs = {
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
        "ConnectTimeout": "10",
        "Port": str(port),
    }
    words = ["-F", "/dev/null", "-i", str(key)]
    for name, value in pairs.items():
        words += ["-o", f"{name}={value}"]
    return words


def shared(channel: Path) -> list[str]:
    """Ssh's options by which commands to a host share one connection, kept for a minute.

    To begin one costs this machine a fifth of a second, and an emulated one seconds.
    """
    pairs = {"ControlMaster": "auto", "ControlPath": str(channel), "ControlPersist": "60"}
    return [word for name, value in pairs.items() for word in ("-o", f"{name}={value}")]


def hang_up(channel: Path) -> None:
    """End the connection that commands share, if there is one."""
    if channel.exists():
        argv = ["ssh", "-F", "/dev/null", "-O", "exit", "-o", f"ControlPath={channel}", "host"]
        subprocess.run(argv, capture_output=True, check=False)
        channel.unlink(missing_ok=True)


def run_command(argv: Sequence[str]) -> Completed:
    """Run an ssh command line with its output captured as text."""
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def answers(address: str, port: int, timeout_s: float = 1.0) -> bool:
    """Whether an ssh server greets at `address`:`port` within `timeout_s` seconds."""
    try:
        with socket.create_connection((address, port), timeout=timeout_s) as connection:
            connection.settimeout(timeout_s)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def wait(
    argv: Sequence[str], address: str, port: int, alive: Callable[[], bool], limit_s: float = 90
) -> None:
    """Wait until `argv`, a whole ssh command line, ends with 0.

    Raises:
        SandboxError: if `alive` says that the host is gone, or after `limit_s` seconds.

    """
    deadline = time.monotonic() + limit_s
    last = "it did not answer"
    while time.monotonic() < deadline:
        if not alive():
            raise SandboxError("the host ended while it booted")
        if answers(address, port):
            done = run_command(argv)
            if done.returncode == 0:
                return
            last = done.stderr.strip() or f"ssh ended with {done.returncode}"
        time.sleep(0.05)
    raise SandboxError(f"no ssh after {limit_s:.0f} s: {last}")
