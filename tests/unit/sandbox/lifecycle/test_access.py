"""How commands reach a host: which of them share a connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.lifecycle.access import HostAccess
from sandbox.local import ssh
from sandbox.spec import HostSpec


def access(vm: bool = False) -> HostAccess:
    folder = Path("/srv/host")
    return HostAccess(
        HostSpec("a", vm=vm), "10.0.0.2", 22, "10.0.0.2", folder, folder, folder, None
    )


@pytest.mark.parametrize(
    ("vm", "user", "shared"),
    [(False, None, True), (False, "admin", False), (True, None, True), (True, "admin", True)],
)
def test_commands_of_root_and_of_emulated_machines_share_a_connection(
    monkeypatch: pytest.MonkeyPatch, vm: bool, user: str | None, shared: bool
) -> None:
    called: list[list[str]] = []

    def run(argv: list[str]) -> ssh.Completed:
        called.append(list(argv))
        return ssh.Completed(argv, 0, "", "")

    monkeypatch.setattr(ssh, "run_command", run)
    access(vm).run("true", user)
    ((*options, target, command),) = called
    assert (target, command) == (f"{user or 'root'}@10.0.0.2", "true")
    assert ("ControlMaster=auto" in options) is shared


def test_what_a_test_starts_by_itself_has_a_connection_of_its_own() -> None:
    assert "ControlMaster=auto" not in access().ssh_argv("true")
    assert "ControlMaster=auto" in access(vm=True).ssh_argv("true")
