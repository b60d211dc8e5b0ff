"""sudo gets what it asks for, once, and where nobody has it the host is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from tasks.steps import rise
from tasks.steps.login import Login, Unusable
from tests.unit.tasks import a_login
from tests.unit.tasks.a_login import Connection
from tests.unit.tasks.a_run import ARun

PASSWORD = "sudo: a password is required"
RUST = "sudo-rs: interactive authentication is required"
TTY = "sudo: sorry, you must have a tty to run sudo"
Asked = list[tuple[str, Any]]


def host(monkeypatch: pytest.MonkeyPatch, *answers: str, **data: Any) -> tuple[Login, Asked]:
    """A login whose sudo answers so, one word for each time; empty: all is well."""
    way, asked, left = a_login.login(Connection(("sh", "-c")), **data), [], list(answers)

    def answer(command: StringCommand, **arguments: Any) -> tuple[bool, CommandOutput]:
        asked.append((command.get_raw_value(), arguments.get("_stdin")))
        said = left.pop(0)
        return not said, CommandOutput([OutputLine("stderr", said)] if said else [])

    monkeypatch.setattr(way, "run_shell_command", answer)
    return way, asked


@pytest.mark.parametrize("said", [PASSWORD, RUST])
def test_password_of_the_inventory_is_tried_once_and_kept(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    way, asked = host(monkeypatch, "", _sudo_password="s3cret")
    assert rise.risen(way.host, said)
    ((command, stdin),) = asked
    assert "sudo -k -S" in command and stdin == "s3cret" and "s3cret" not in command
    assert (way.sudo.password, way.host.data.get("_sudo")) == ("s3cret", True)


def test_person_is_asked_where_pyinfra_was_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    way, asked = host(monkeypatch, "")
    prompts: list[str] = []

    def typed(prompt: str) -> str:
        prompts.append(prompt)
        return "typed"

    monkeypatch.setattr(rise, "getpass", typed)
    assert not rise.risen(way.host, PASSWORD) and not asked and not prompts
    way.state.config.USE_SUDO_PASSWORD = True
    assert rise.risen(way.host, PASSWORD)
    assert len(prompts) == 1 and asked[0][1] == "typed"


def test_nobody_to_be_asked_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    way, asked = host(monkeypatch)
    way.state.config.USE_SUDO_PASSWORD = True

    def nobody(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(rise, "getpass", nobody)
    assert not rise.risen(way.host, PASSWORD) and not asked


def test_password_that_all_share_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    way, asked = host(monkeypatch, "")
    way.state.config.SUDO_PASSWORD = "shared"
    assert rise.risen(way.host, PASSWORD) and asked[0][1] == "shared"


def test_wrong_password_refuses_the_host_with_sudo_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    way, _ = host(monkeypatch, "Sorry, try again.", _sudo_password="wr0ng")
    with pytest.raises(
        Unusable, match=r"SUDO-PASSWORD.*Sorry, try again.*--use-sudo-password"
    ) as e:
        rise.risen(way.host, PASSWORD)
    assert "wr0ng" not in str(e.value)
    assert (way.sudo.password, way.host.data.get("_sudo")) == (None, None)


def test_sudo_that_wants_a_terminal_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    way, asked = host(monkeypatch, "")
    assert rise.risen(way.host, TTY)
    assert "script -qec" in asked[0][0]
    assert way.sudo.terminal and way.host.data.get("_sudo") is True


def test_sudo_that_wants_a_terminal_and_a_password_gets_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way, asked = host(monkeypatch, PASSWORD, "", _sudo_password="s3cret")
    assert rise.risen(way.host, TTY)
    assert all("script -qec" in command for command, _ in asked) and asked[-1][1] == "s3cret"


@pytest.mark.parametrize("said", [TTY, "sh: 1: script: not found", "sudo: me is not in sudoers"])
def test_what_cannot_be_given_is_left_to_the_refusal(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    way, _ = host(monkeypatch, "no", _sudo_password="s3cret")
    assert not rise.risen(way.host, said)
    assert way.host.data.get("_sudo") is None


def test_other_connections_are_left_to_pyinfra() -> None:
    assert not rise.risen(ARun(None, _sudo_password="s3cret").host, PASSWORD)


@pytest.mark.parametrize(("data", "config"), [({"_sudo": True}, False), ({}, True)])
def test_first_look_goes_as_the_login_and_later_ones_as_was_found(
    data: dict[str, Any], config: bool
) -> None:
    run = ARun(None, **data)
    run.state.config.SUDO = config
    rise.meet(run.host)
    assert run.host.data.get("_sudo") is False
    run.host.data._sudo = True
    rise.meet(run.host)
    assert run.host.data.get("_sudo") is True
