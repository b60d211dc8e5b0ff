"""Commands and files over one connection, whatever the login is; pyinfra is as we rely on it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from paramiko import ChannelException
from pyinfra.api import StringCommand
from pyinfra.connectors.local import LocalConnector
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import make_unix_command

from tasks.steps import session
from tasks.steps.login import Local, Login, Unusable, risen, take_over
from tests.unit.tasks import a_login
from tests.unit.tasks.a_login import Connection
from tests.unit.tasks.a_run import ARun

BASH = ("bash", "--norc", "-c")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PAUSES_S", (0.0, 0.001, 0.001))


def say(way: Login, text: str, **arguments: Any) -> tuple[bool, str, str]:
    good, output = way.run_shell_command(StringCommand(text), **arguments)
    return good, output.stdout, output.stderr


def test_command_gives_its_own_words_and_status() -> None:
    way = a_login.login(Connection(BASH))
    assert say(way, "echo out; echo err >&2; exit 3") == (False, "out", "err")
    assert say(way, "exit 3", _success_exit_codes=[3])[0] is True
    assert say(way, "cat", _stdin="one\ntwo") == (True, "one\ntwo", "")
    assert say(way, "cat", _stdin=["one", "two\n"]) == (True, "one\ntwo", "")
    assert say(way, 'echo "$A $PWD"', _env={"A": "it's"}, _chdir="/usr") == (True, "it's /usr", "")
    assert say(way, "printf '\\377\\n'") == (True, "�", ""), "no text of ours: no exception"


def test_command_that_does_not_read_its_input_still_gives_its_answer() -> None:
    assert say(a_login.login(Connection(BASH)), "echo yes", _stdin="x" * 300_000)[1] == "yes"


def test_neither_script_nor_input_is_in_the_text_that_the_login_shell_is_given() -> None:
    line = Connection(BASH)
    say(a_login.login(line), "cat >/dev/null; : script", _stdin="input")
    assert not any("script" in word or "input" in word for word in line.words)


def test_one_session_at_a_time_is_enough_for_commands_and_files(tmp_path: Path) -> None:
    line = Connection(BASH, sessions=1)
    way = a_login.login(line)
    for number in range(3):
        assert way.put_file(io.BytesIO(b"\x00\xff" * 200_000), f"{tmp_path}/it's {number}")
        assert say(way, "true")[0]
        got = io.BytesIO()
        assert way.get_file(f"{tmp_path}/it's {number}", got)
        assert got.getvalue() == b"\x00\xff" * 200_000
    assert line.open == 0


def test_session_that_is_refused_is_asked_for_again() -> None:
    line = Connection(BASH)
    line.refusals = 2
    assert say(a_login.login(line), "echo yes")[1] == "yes"


def test_host_that_never_opens_a_session_is_refused_with_the_setting() -> None:
    way = a_login.login(Connection(BASH, sessions=0), ssh_forward_agent=True)
    with pytest.raises(Unusable, match=r"LOGIN-SESSIONS.*ssh_forward_agent to False.*MaxSessions"):
        say(way, "true")
    way.state.is_executing = True  # too late to be refused: it fails as a host that goes away
    with pytest.raises(ChannelException):
        say(way, "true")


def test_file_that_is_not_whole_on_the_host_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    way = a_login.login(Connection(BASH))
    assert not way.put_file(io.BytesIO(b"x" * 100_000), "/dev/full")
    assert "/dev/full cannot be written" in caplog.text
    assert not way.get_file("/nonexistent", io.BytesIO())
    assert "/nonexistent cannot be read" in caplog.text


def test_noise_of_the_login_is_in_no_answer(tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.write_text("echo welcome; printf 'half a line'; nonsense; umask 077")
    way = a_login.login(Connection(("bash", "-c"), env={"BASH_ENV": str(start), "PATH": "/bin"}))
    assert say(way, "umask") == (True, "0022", "")
    got = io.BytesIO()
    assert way.get_file("/etc/hostname", got) and b"welcome" not in got.getvalue()


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        (("sh", "-c", "echo 'This account is currently not available.'; exit 1"), "usermod -s"),
        (("false",), "said nothing"),
        (("sh", "-c", "exit 0"), "forced command"),
        (("cat",), "status 1"),
    ],
)
def test_login_that_runs_nothing_is_refused(shell: tuple[str, ...], words: str) -> None:
    with pytest.raises(Unusable, match=f"LOGIN-SHELL.*{words}"):
        say(a_login.login(Connection(shell)), "true")


def test_login_that_has_answered_before_is_not_refused_for_what_comes_later() -> None:
    line = Connection(BASH)
    way = a_login.login(line)
    say(way, "true")
    line.shell = ("sh", "-c", "echo going down >&2; exit 254")
    assert say(way, "true") == (False, "", "going down")


def test_sudo_gets_its_password_by_its_input_alone() -> None:
    line = Connection(BASH)
    way = a_login.login(line)
    way.sudo.password = "s3cret"
    say(way, "true", _sudo=True)
    assert not any("s3cret" in word for word in line.words)
    assert b"s3cret\n" in b"".join(line.sent)
    assert b"sudo -H -k -S sh -c" in b"".join(line.sent)


def test_pyinfra_writes_sudo_as_we_rely_on() -> None:
    """The range of pyinfra that is pinned; another text needs another `risen`."""
    text = make_unix_command(StringCommand("id"), _sudo=True).get_raw_value()
    assert text == "sudo -H -n sh -c id"
    assert risen(True, {"_sudo": True}, "id") == "sudo -H -k -S sh -c id"
    assert risen(False, {"_sudo": True, "_sudo_user": "bob"}, "id") == "sudo -H -n -u bob sh -c id"
    assert (
        make_unix_command(
            StringCommand("id"), _shell_executable=None, _env={"A": "b"}, _chdir="/x"
        ).get_raw_value()
        == "cd /x && export A=b && id"
    )


def test_only_pyinfra_s_own_ways_are_taken_over_and_once() -> None:
    run = ARun(None)
    take_over(run.host)
    assert run.host.connector is run.wire
    for kind, ours in ((SSHConnector, Login), (LocalConnector, Local)):
        run.host.connector = kind(run.state, run.host)
        take_over(run.host)
        taken = run.host.connector
        assert type(taken) is ours
        take_over(run.host)
        assert run.host.connector is taken


def test_this_machine_is_reached_in_the_same_way() -> None:
    run = ARun(None)
    way = Local.of(LocalConnector(run.state, run.host))
    good, output = way.run_shell_command(
        StringCommand("umask; cat; echo err >&2; exit 3"), _stdin="in", _success_exit_codes=[3]
    )
    assert (good, output.stdout, output.stderr) == (True, "0022\nin", "err")
    assert not way.run_shell_command(StringCommand("exit 1"))[0]


def test_file_of_this_machine_is_copied_and_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ARun(None)
    way = Local.of(LocalConnector(run.state, run.host))
    body, source, there, back = bytes(range(256)), *(tmp_path / name for name in ("a b", "'c", "d"))
    source.write_bytes(body)
    monkeypatch.setattr(LocalConnector, "put_file", None)
    monkeypatch.setattr(LocalConnector, "get_file", None)
    assert way.put_file(str(source), str(there)) and way.get_file(str(there), str(back))
    assert back.read_bytes() == body
    assert not way.put_file(str(tmp_path / "none"), str(there))
    monkeypatch.undo()
    assert way.put_file(io.BytesIO(body), str(tmp_path / "e"))
    assert (tmp_path / "e").read_bytes() == body
