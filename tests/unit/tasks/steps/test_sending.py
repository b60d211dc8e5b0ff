"""Files from here to a host and back: a real shell is the host, its files lie in a folder here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from tasks.steps import sending
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="takes files over from another user")


class Shell:
    """A host whose login is nobody, and may do all by sudo."""

    def __init__(self, run: ARun) -> None:
        self.sent: list[str] = []
        """What the login put where."""
        self.spoil: Callable[[Path], None] = lambda _: None
        """What somebody does to a file on its way."""
        for name in ("run_shell_command", "put_file", "get_file"):
            setattr(run.wire, name, getattr(self, name))

    def run_shell_command(
        self, command: StringCommand, *_: Any, **more: Any
    ) -> tuple[bool, CommandOutput]:
        """Run it, as root with sudo's variable."""
        done = subprocess.run(
            ["sh", "-c", command.get_raw_value()],
            input=more.get("_stdin") or "",
            env={**os.environ, "SUDO_UID": "65534"},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [OutputLine("stdout", line) for line in done.stdout.splitlines()]
        return done.returncode == 0, CommandOutput(lines)

    def put_file(self, source: Any, remote: str, *_: Any, **more: Any) -> bool:
        """What SFTP does, as the login."""
        assert not more.get("_sudo"), "goes through /tmp"
        box = Path(remote).parent.stat()
        assert (box.st_uid, box.st_mode & 0o777) == (65534, 0o700)
        data = Path(source).read_bytes() if isinstance(source, str) else source.read()
        Path(remote).write_bytes(data)
        os.chown(remote, 65534, 65534)
        self.sent.append(remote)
        self.spoil(Path(remote))
        return True

    def get_file(self, remote: str, target: str, *_: Any, **more: Any) -> bool:
        """The same for the way back."""
        assert not more.get("_sudo"), "goes through /tmp"
        lent = Path(remote).stat()
        assert (lent.st_uid, lent.st_mode & 0o777) == (65534, 0o400)
        shutil.copyfile(remote, target)
        self.spoil(Path(remote))
        return True


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ARun, Shell]:
    """A run on such a host."""
    monkeypatch.setattr(sending, "FOLDER", f"{tmp_path}/ours/transfers")
    run = ARun(a_host.bare())
    return run, Shell(run)


def rest(tmp_path: Path) -> list[str]:
    """What transfers have left behind."""
    return [one.name for one in (tmp_path / "ours/transfers").iterdir()]


@pytest.mark.parametrize("content", [b"", b"text\n", bytes(range(256)) * 5000])
def test_file_comes_whole_as_roots_and_by_a_name_that_nobody_knows(
    content: bytes, shell: tuple[ARun, Shell], tmp_path: Path
) -> None:
    run, host = shell
    target = tmp_path / "opt/of ours/file"
    for source in (content, tmp_path / "source"):
        if isinstance(source, Path):
            source.write_bytes(content)
        send = partial(sending.uploaded, run.host, source, str(target), "640")
        assert run.prepared(send)
        assert target.read_bytes() == content
        assert (target.stat().st_uid, target.stat().st_mode & 0o777) == (0, 0o640)
    assert len(set(host.sent)) == 2 and rest(tmp_path) == []


def replaced_by_link(file: Path) -> None:
    """Somebody leads us to a secret."""
    file.unlink()
    file.symlink_to("/etc/shadow")


def second_name(file: Path) -> None:
    """Somebody keeps a name of the file, and so could change it later."""
    os.link(file, file.with_name("kept"))


def cut(file: Path) -> None:
    """The disk was full."""
    os.truncate(file, max(0, file.stat().st_size - 1))


def folder(file: Path) -> None:
    """Something else altogether."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("spoil", [replaced_by_link, second_name, cut, Path.unlink, folder])
def test_file_that_came_as_another_leaves_the_old_one(
    spoil: Callable[[Path], None],
    shell: tuple[ARun, Shell],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run, host = shell
    target = tmp_path / "file"
    target.write_text("old")
    host.spoil = spoil
    assert not run.prepared(lambda: sending.uploaded(run.host, b"new", str(target)))
    assert target.read_text() == "old"
    assert rest(tmp_path) == [] and not target.with_name("file.new").exists()
    assert f"{target} could not be sent" in caplog.text and "df -h" in caplog.text


def test_folder_of_somebody_else_gets_nothing(
    shell: tuple[ARun, Shell], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, host = shell
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 65534, 65534)
    target = tmp_path / "theirs/file"
    assert not run.prepared(lambda: sending.uploaded(run.host, b"new", str(target)))
    assert host.sent == [] and "belongs to nobody" in caplog.text


def test_file_is_fetched_and_stays_for_root_alone_where_it_lies(
    shell: tuple[ARun, Shell], tmp_path: Path
) -> None:
    run, _ = shell
    (tmp_path / "job").mkdir(mode=0o700)
    source = tmp_path / "job/a file.tar"
    source.write_bytes(b"packages")
    target = tmp_path / "here"
    assert run.prepared(lambda: sending.downloaded(run.host, str(source), target))
    assert target.read_bytes() == b"packages"
    assert rest(tmp_path) == []


def test_small_file_is_put_by_what_is_read(shell: tuple[ARun, Shell], tmp_path: Path) -> None:
    run, _ = shell
    good, _ = run.prepared(lambda: sending.put(run.host, f"{tmp_path}/secret", "no end"))
    assert good and (tmp_path / "secret").read_text() == "no end"


def test_connection_that_goes_fails_this_host_with_its_reason(
    shell: tuple[ARun, Shell], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, host = shell

    def lost(_: Path) -> None:
        raise OSError("Failure")

    host.spoil = lost
    assert not run.prepared(lambda: sending.uploaded(run.host, b"new", f"{tmp_path}/file"))
    assert "could not be sent: Failure" in caplog.text
