"""An ssh server of its own process: it can hang in a command, be stopped as a whole, or go away.

It runs nothing: each command is answered with one line, one with ``hang`` in it never. Called as a
program it says its port and serves until it is killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

HOUSE = Path(__file__).parents[3]


class Server(paramiko.ServerInterface):
    """Lets everybody in."""

    def check_auth_password(self, username: str, password: str) -> int:
        """Whoever it is."""
        return paramiko.common.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        """By password."""
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions."""
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """One line, or nothing for ever."""
        sys.stderr.write(f"{command.decode()}\n")
        if b"hang" not in command:
            framed = command.startswith(b"exec sh -c")
            threading.Thread(target=self._answer, args=(channel, framed), daemon=True).start()
        return True

    def _answer(self, channel: paramiko.Channel, framed: bool) -> None:
        time.sleep(0.05)  # the request is answered first
        if framed:  # what is to be run comes behind the command (`tasks.steps.framing`)
            script = channel.recv(1 << 16)
            sys.stderr.write(f"{script.decode(errors='replace')}\n")
            if b"hang" in script:
                return
        channel.sendall(b"said\n")
        channel.send_exit_status(0)
        channel.close()


def serve() -> None:
    """Serve on a free port of the loopback interface until killed."""
    key = paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        kept = []
        while True:
            connection, _ = listener.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.start_server(server=Server())
            kept.append(transport)


@dataclass
class Sshd:
    """One such server."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    @property
    def data(self) -> dict[str, Any]:
        """What an inventory says of it."""
        return {
            "ssh_hostname": "127.0.0.1",
            "ssh_port": self.port,
            "ssh_user": "root",
            "ssh_password": "any",
            "ssh_allow_agent": False,
            "ssh_look_for_keys": False,
            "ssh_strict_host_key_checking": "no",
            "ssh_config_file": "/dev/null",
        }

    def heard(self, words: str) -> bool:
        """Whether a command with these words has come."""
        return words in self.log.read_text()


@contextlib.contextmanager
def started(folder: Path, name: str) -> Iterator[Sshd]:
    """A server, until the end of the block."""
    log = folder / f"{name}.log"
    with log.open("w") as heard:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.tasks.an_sshd"],
            cwd=HOUSE,
            stdout=subprocess.PIPE,
            stderr=heard,
            text=True,
        )
    try:
        assert process.stdout is not None
        yield Sshd(process, int(process.stdout.readline()), log)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@dataclass
class Ended:
    """How a run ended."""

    code: int
    said: str
    took_s: float
    out: str = ""


@dataclass
class Pyinfra:
    """A run of pyinfra's command line on such servers."""

    folder: Path
    hosts: Mapping[str, Mapping[str, Any]]
    words: tuple[str, ...] = ("-y",)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, deploy: str) -> Pyinfra:
        """Begin."""
        inventory = self.folder / "inventory.py"
        inventory.write_text(f"hosts = {[(n, dict(d)) for n, d in self.hosts.items()]!r}\n")
        with (self.folder / "out").open("w") as out, (self.folder / "said").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pyinfra", *self.words, str(inventory), *deploy.split()],
                cwd=HOUSE,
                env={**os.environ, "NO_COLOR": "1", "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                # Under nohup a program is born deaf to the end of its terminal.
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL) and None,
            )
        return self

    def ended(self, limit_s: float = 60, send: signal.Signals | None = None) -> Ended:
        """Wait for its end, after a signal where one is named."""
        began = time.monotonic()
        if send is not None:
            self.process.send_signal(send)
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no end within {limit_s} s: {self.said()}") from None
        return Ended(code, self.said(), time.monotonic() - began, self._text("out"))

    def said(self) -> str:
        """Its standard error so far, without colours."""
        return self._text("said")

    def _text(self, name: str) -> str:
        return re.sub(r"\x1b\[[0-9;]*[mK]", "", (self.folder / name).read_text())


def until(reached: Any, what: str, limit_s: float = 30) -> None:
    """Wait until ``reached()`` is true."""
    end = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < end, what
        time.sleep(0.05)


DEPLOY = """
from pyinfra.api import FunctionCommand, StringCommand
from tasks.steps import course
from tasks.steps.step import run, step, this_host
from tasks.verify import report

@step
def short():
    yield StringCommand("short")

@step
def long():
    command = this_host().data.get("long", "long")
    def inside(state, host):
        return run(host, command)[0]
    yield FunctionCommand(inside, (), {})

@step
def verdict():
    def judged(state, host):
        report._lines[host.name].verdict = "OK"
    yield FunctionCommand(judged, (), {})

report.register(this_host())
report._lines[this_host().name].verdict = "PLANNED"
if job := this_host().data.get("job"):
    course.of_host(this_host()).jobs["gpuwright-cuda.service"] = job
short(name="Short step")
long(name="Long step")
verdict(name="Verdict")
"""
"""Two steps and a verdict; host data ``long`` is the command of the second one."""


def deploy(folder: Path, text: str = DEPLOY) -> str:
    """The path of a deploy with this text."""
    path = folder / "deploys" / "some.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


if __name__ == "__main__":
    serve()
