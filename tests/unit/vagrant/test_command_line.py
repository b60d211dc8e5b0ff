"""`python -m vagrant`: each thing that is wrong, with a command."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.vagrant.fake import Vagrant
from vagrant import __main__ as command
from vagrant.ssh_config import Access


@pytest.fixture
def server() -> Iterator[int]:
    """The port of something that greets as sshd does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            while True:
                try:
                    channel, _ = listener.accept()
                except OSError:
                    return
                with channel:
                    channel.sendall(b"SSH-2.0-test\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def access(tmp_path: Path, server: int) -> Access:
    key = tmp_path / "a key"
    key.touch(mode=0o600)
    return Access("gpu1", "127.0.0.1", server, "vagrant", (str(key),), True, "no", "/dev/null")


def test_machine_that_answers_has_no_fault(access: Access) -> None:
    assert command.faults(access) == []


def test_each_fault_is_told_with_its_command(access: Access, tmp_path: Path) -> None:
    key = Path(access.keys[0])
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    nowhere = str(tmp_path / "nowhere")
    for changed, said in (
        (replace(access, keys=()), "vagrant reload gpu1"),
        (replace(access, keys=(nowhere,)), "vagrant destroy gpu1 && vagrant up gpu1"),
        (replace(access, port=closed), "(Connection refused)"),
        (replace(access, proxy="ssh lab -W %h:%p"), "vagrant ssh-config gpu1 >> ~/.ssh/config"),
        (replace(access, checking="yes", known_hosts=nowhere), f"ssh-keyscan -p {access.port}"),
        (replace(access, checking=None, known_hosts=nowhere), f">> {nowhere}"),
    ):
        faults = command.faults(changed)
        assert len(faults) == 1, faults
        assert said in faults[0]
    key.chmod(0o644)
    assert command.faults(access) == [
        f"others may read its key, so ssh refuses it: chmod 600 '{key}'"
    ]
    assert command.faults(replace(access, keys=(nowhere, str(key)))) == command.faults(access)


@pytest.mark.parametrize("gone", ["~nobody-of-that-name/key", "k" * 300, "{key}/below a file"])
def test_name_that_no_file_can_have_is_a_key_that_is_gone(access: Access, gone: str) -> None:
    gone = gone.format(key=access.keys[0])
    assert f"its key {gone} is gone" in command.faults(replace(access, keys=(gone,)))[0]
    assert command.faults(replace(access, keys=(gone, *access.keys))) == []


def test_key_in_the_caller_s_home(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Path(access.keys[0])
    monkeypatch.setenv("HOME", str(key.parent))
    assert command.faults(replace(access, keys=(f"~/{key.name}",))) == []


def test_folder_that_is_not_the_caller_s(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    def stat(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", stat)
    assert "cannot be read by this user: ls -ld" in command.faults(access)[0]


def test_another_program_at_that_port_is_no_ssh(access: Access) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with listener.accept()[0] as channel:
                channel.sendall(b"HTTP/1.1")

        threading.Thread(target=greet, daemon=True).start()
        faults = command.faults(replace(access, port=listener.getsockname()[1]))
    assert "(another program is there)" in faults[0]


def test_every_machine_has_a_line_and_the_next_command_is_the_last(
    fake: Vagrant, server: int, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.has(gpu1="running", gpu2="shutoff")
    file = fake.folder / "ssh-config-gpu1"
    file.write_text(file.read_text().replace("Port 22", f"Port {server}"))
    assert command.main() == 0
    assert capsys.readouterr().out.splitlines() == [
        f"gpu1: vagrant at 127.0.0.1 port {server}",
        "gpu2: not in a run: gpu2 is off: vagrant up gpu2",
        "pyinfra @vagrant/gpu1 deploys/gpu_host.py",
    ]


def test_nobody_to_reach_is_no_success(fake: Vagrant, capsys: pytest.CaptureFixture[str]) -> None:
    fake.has(gpu1="shutoff")
    assert command.main() == 1
    fake.has(gpu1="running")
    (fake.folder / "ssh-config-gpu1").unlink()
    assert command.main() == 1
    assert "tells no address of it yet" in capsys.readouterr().out
    (fake.folder / "bin/vagrant").unlink()
    assert command.main() == 1
    assert "vagrant: Vagrant cannot be started" in capsys.readouterr().err
