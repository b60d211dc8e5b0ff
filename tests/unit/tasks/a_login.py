"""A connection whose other end is a real shell of this machine, or what a host has in its place."""

from __future__ import annotations

import contextlib
import io
import subprocess
from collections.abc import Sequence
from typing import Any

from paramiko import ChannelException
from pyinfra.connectors.ssh import SSHConnector

from tasks.steps.login import Login
from tests.unit.tasks.a_run import ARun

USER = "me"


class Channel:
    """A session: a text is given to the login shell, as sshd gives it."""

    def __init__(self, line: Connection) -> None:
        self.line = line
        self.process: subprocess.Popen[bytes] | None = None

    def exec_command(self, word: str) -> None:
        self.line.words.append(word)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [*self.line.shell, word], stdin=pipe, stdout=pipe, stderr=pipe, env=self.line.env
        )

    @property
    def _program(self) -> Any:
        assert self.process is not None
        return self.process

    def sendall(self, sent: bytes) -> None:
        self.line.sent.append(bytes(sent))
        self._program.stdin.write(sent)
        self._program.stdin.flush()

    def shutdown_write(self) -> None:
        self._program.stdin.close()

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return self._program.stdout  # type: ignore[no-any-return]

    def makefile_stderr(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return self._program.stderr  # type: ignore[no-any-return]

    def recv_exit_status(self) -> int:
        return self._program.wait()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.line.open -= 1
        if self.process is not None:
            self._program.kill()
            self._program.wait()
            for file in (self.process.stdin, self.process.stdout, self.process.stderr):
                assert file is not None
                with contextlib.suppress(BrokenPipeError):
                    file.close()


class Connection:
    """A connection to a login with this shell; sshd opens so many sessions at a time."""

    def __init__(
        self, shell: Sequence[str], sessions: int = 1, env: dict[str, str] | None = None
    ) -> None:
        self.shell, self.sessions, self.env = shell, sessions, env
        self.open = 0
        self.refusals = 0
        """So many sessions more are refused, as while sshd has not yet seen the end of one."""
        self.words: list[str] = []
        self.sent: list[bytes] = []
        self.sock = None

    def get_transport(self) -> Connection:
        return self

    def get_username(self) -> str:
        return USER

    def open_session(self) -> Channel:
        if self.open >= self.sessions or self.refusals:
            self.refusals -= 1
            raise ChannelException(2, "Connect failed")
        self.open += 1
        return Channel(self)


def login(line: Connection, **data: Any) -> Login:
    """Our way over a connection, in a run that has nothing else."""
    run = ARun(None, **data)
    pyinfras = SSHConnector(run.state, run.host)
    pyinfras.client = line  # type: ignore[assignment]
    run.host.connector = made = Login.of(pyinfras)
    return made
