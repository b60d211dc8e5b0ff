"""A reboot is over when another boot id answers, and not before."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from paramiko import SSHException
from pyinfra.api.host import Host

from tasks.steps import reboot


class Machine:
    """A host whose answers to each try to reach it are given: a boot id, nothing, or an error."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers: Iterator[str | Exception] = iter(answers)
        self.print_prefix = "[h] "
        self.connected = True
        self.closed = 0
        self.data: dict[str, Any] = {}
        self.connector = SimpleNamespace(client=self, disconnect=lambda: None)
        self.ran: list[str] = []
        self._now: str | Exception = "before"

    def get_transport(self) -> None:
        return None

    def close(self) -> None:
        self.closed += 1

    def connect(self, show_errors: bool = True) -> None:
        self._now = next(self.answers)
        self.connected = self._now != ""

    def run_shell_command(self, command: Any, **more: Any) -> tuple[bool, Any]:
        self.ran.append(str(command))
        if isinstance(self._now, Exception):
            raise self._now
        return True, SimpleNamespace(stdout=self._now)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time goes by only while somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr(reboot.gevent, "sleep", lambda s: now.__setitem__(0, now[0] + s))
    monkeypatch.setattr(reboot.time, "monotonic", lambda: now[0])


def rebooted(machine: Machine, limit_s: int = 60) -> str:
    return reboot.rebooted(cast(Host, machine), limit_s)


def test_old_boot_that_still_answers_is_not_the_new_one() -> None:
    machine = Machine("before", "before", "", SSHException("closed"), "after")
    assert rebooted(machine) == ""
    assert machine.closed == 5
    assert any("is-system-running --wait" in command for command in machine.ran)


def test_tries_that_meet_no_sshd_are_not_told_with_tracebacks() -> None:
    logging.getLogger("paramiko.transport").setLevel(logging.NOTSET)
    assert rebooted(Machine("", "after")) == ""
    assert not logging.getLogger("paramiko.transport").isEnabledFor(logging.ERROR)


def test_host_that_is_silent_until_the_limit_is_given_up() -> None:
    assert "not back after 60 s (no answer)" in rebooted(Machine(*[""] * 30))


def test_host_that_never_goes_down_is_told_from_one_that_is_silent() -> None:
    assert "still the same boot" in rebooted(Machine(*["before"] * 30))


def test_host_without_ssh_is_not_rebooted() -> None:
    machine = Machine()
    machine.connector.client = None
    assert "systemctl reboot, then run it again" in rebooted(machine)
    assert machine.ran == []
