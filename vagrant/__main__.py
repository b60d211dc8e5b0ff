"""`python -m vagrant`: whether pyinfra can reach Vagrant's machines.

Where it cannot, it says what is wrong, why, and a command.
"""

from __future__ import annotations

import os
import shlex
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from vagrant import asking
from vagrant.asking import VagrantError
from vagrant.ssh_config import Access

_ANSWER_S = 10


def main(ask: Callable[[], asking.Machines] = asking.machines) -> int:
    """Print a line per machine and one per thing that is wrong.

    Returns:
        0 if all that run can be reached and one does, else 1.
    """
    try:
        machines = ask()
    except VagrantError as error:
        print(f"vagrant: {error}", file=sys.stderr)
        return 1
    wrong = 0
    for name in machines.states:
        if why := machines.absence(name):
            print(f"{name}: not in a run: {why}")
            wrong += name not in machines.access and "no address" in why
            continue
        access = machines.access[name]
        print(f"{name}: {access.user or 'the caller'} at {access.hostname} port {access.port}")
        for line in faults(access):
            wrong += 1
            print(f"  {line}")
    if not wrong and machines.access:
        print(f"pyinfra @vagrant/{next(iter(machines.access))} deploys/gpu_host.py")
    return 0 if machines.access and not wrong else 1


def faults(access: Access) -> list[str]:
    """What keeps pyinfra from a machine: what is wrong, why, and a command."""
    found = [*_key_faults(access)]
    if access.proxy:
        found.append(
            "ssh goes through a command (ProxyCommand), which pyinfra follows only from your own "
            f"file: vagrant ssh-config {access.name} >> ~/.ssh/config, with `Host "
            f"{access.hostname}` in place of its first line"
        )
    elif why := _no_answer(access):
        found.append(
            f"nothing like ssh answers at {access.hostname} port {access.port} ({why}): it may "
            f"still be booting, or its network is gone: vagrant reload {access.name}"
        )
    if access.checking in (None, "ask", "yes") and not _known(access):
        found.append(
            "its host key is not known, and the Vagrantfile sets config.ssh.verify_host_key, so "
            f"the connection is refused: ssh-keyscan -p {access.port} {access.hostname} >> "
            f"{shlex.quote(access.known_hosts or '~/.ssh/known_hosts')}"
        )
    return found


def _key_faults(access: Access) -> list[str]:
    """What is wrong with the first private key that is there, or that none is."""
    if not access.keys:
        return [f"Vagrant names no private key: vagrant reload {access.name} makes one"]
    paths = [asking.place(key) for key in access.keys]
    for path in paths:
        try:
            mode = path.stat().st_mode
        except PermissionError:
            return [f"the folder of its key cannot be read by this user: ls -ld {_shell(path)}"]
        except OSError:  # not there, or no name that there can be
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            return [f"others may read its key, so ssh refuses it: chmod 600 {_shell(path)}"]
        if not os.access(path, os.R_OK):
            return [f"its key cannot be read by this user: ls -l {_shell(path)}"]
        return []
    return [
        f"its key {paths[0]} is gone, so nobody can log in: vagrant destroy {access.name} && "
        f"vagrant up {access.name}"
    ]


def _shell(path: Path) -> str:
    return shlex.quote(str(path))


def _known(access: Access) -> bool:
    """Whether a file of known hosts is there at all: whose key it has is for ssh to say."""
    return asking.place(access.known_hosts or "~/.ssh/known_hosts").is_file()


def _no_answer(access: Access) -> str:
    """Why no ssh server greets there; empty if one does (RFC 4253, 4.2)."""
    try:
        with socket.create_connection((access.hostname, access.port), _ANSWER_S) as channel:
            channel.settimeout(_ANSWER_S)
            said = channel.recv(4)
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return "" if said == b"SSH-" else "another program is there"


if __name__ == "__main__":
    sys.exit(main())
