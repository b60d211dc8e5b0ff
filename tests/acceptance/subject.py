"""A host under acceptance: its plan, its state, and a shell on it."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra

from facts.model.host import HostState
from stacks.model.plan import Plan

PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Subject:
    """One host of the inventory, what it should be and what it is."""

    name: str
    plan: Plan
    state: HostState
    shell: Any
    """Testinfra's host, root on it (through sudo where the login is not root)."""
    folder: str
    """A folder of these checks on the host, gone at their end."""

    def run(self, script: str) -> str:
        """Run shell as root and give its standard output; a failure fails the check."""
        done = self.shell.run(f"sh -c {shlex.quote(script)}")
        if done.rc != 0:
            pytest.fail(f"{self.name}: exit status {done.rc} of:\n{script}\n{_tail(done)}", False)
        return str(done.stdout)

    def lines(self, script: str) -> list[str]:
        """The lines that `run` gives, without blank ones."""
        return [line.strip() for line in self.run(script).splitlines() if line.strip()]

    def has(self, command: str) -> bool:
        """Whether the host has this command."""
        return bool(self.shell.run(f"command -v {shlex.quote(command)}").rc == 0)

    def has_package(self, name: str) -> bool:
        """Whether a package is installed. A host may have the other family's tools as well."""
        ask = {"dnf": "rpm -q {}", "apt": "dpkg-query -W -f '${{db:Status-Status}}\\n' {}"}
        done = self.shell.run(ask[self.state.package_manager.kind].format(shlex.quote(name)))
        return bool(done.rc == 0) and "not-installed" not in done.stdout

    def send(self, name: str) -> str:
        """Put one of ``programs/`` on the host; gives its path there."""
        packed = base64.b64encode((PROGRAMS / name).read_bytes()).decode()
        self.run(f"printf %s {packed} | base64 -d >{self.folder}/{name}")
        return f"{self.folder}/{name}"

    @property
    def kernels(self) -> list[str]:
        """Every kernel that can boot."""
        return [k.release for k in self.state.kernels.installed if k.bootable]

    @property
    def has_working_gpu(self) -> bool:
        """Whether GPUs of this host can be used: a driver is loaded and made its device nodes."""
        return bool(self.state.driver.loaded) and bool(self.state.driver.device_nodes)


def connect(name: str, data: Mapping[str, Any], sudo: bool, sockets: Path) -> Any:
    """Testinfra's host for a host of a pyinfra inventory. Host keys are checked.

    Args:
        name: The inventory's name: a host for ssh, or ``@local``.
        data: The host's data.
        sudo: Whether the login needs sudo to become root.
        sockets: A folder for ssh's shared connection; its path must be short (unix(7)).
    """
    if name.startswith("@local"):
        return testinfra.get_host("local://", sudo=sudo)
    if name.startswith("@") and not name.startswith("@ssh/"):
        pytest.skip(f"{name}: only ssh hosts and @local can be checked")
    address = str(data.get("ssh_hostname") or name.removeprefix("@ssh/"))
    user, port = data.get("ssh_user"), data.get("ssh_port")
    options = {"BatchMode": "yes", "StrictHostKeyChecking": "yes", "LogLevel": "ERROR"}
    if known := _path(data, "ssh_known_hosts_file"):
        options["UserKnownHostsFile"] = known
    where = (f"{user}@" if user else "") + address + (f":{port}" if port else "")
    return testinfra.get_host(
        f"ssh://{where}",
        sudo=sudo,
        ssh_identity_file=_path(data, "ssh_key"),
        ssh_config=_path(data, "ssh_config_file"),
        ssh_extra_args=" ".join(f"-o {k}={shlex.quote(v)}" for k, v in options.items()),
        controlpath=str(sockets / "ssh"),
        controlpersist=60,
    )


def _path(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return str(Path(value).expanduser()) if value else None


def _tail(done: Any) -> str:
    return "\n".join((done.stdout + done.stderr).splitlines()[-20:])
