"""The way to a host's shell: through any login, one session at a time, without SFTP.

pyinfra's connector gives the script to the login shell as one text, opens a second session for
files and asks for their subsystem. Here the connection is pyinfra's, and what goes over it is ours:
`tasks.steps.framing`. Taken from pyinfra are the connector's class, `make_unix_command` and
`read_output_buffers`; a unit test holds what is relied on.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from paramiko import Channel, ChannelException, SSHException
from pyinfra import logger
from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.util import get_file_io
from pyinfra.connectors.local import LocalConnector
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import (
    CommandOutput,
    OutputLine,
    make_unix_command,
    read_output_buffers,
)
from typing_extensions import override

from stacks.model.messages import Conflict
from tasks.steps import screen, session, silence
from tasks.steps.copying import Copying
from tasks.steps.framing import Behind, Framed, framed

BLOCK = 1 << 17
"""Bytes of a file that are read at once."""
_RISES = ("_sudo", "_su_user", "_doas", "_dzdo")


class Unusable(PyinfraError):  # noqa: N818 - a host's answer, and no error of the program
    """Why nothing can be done on a host by way of this login."""

    def __init__(self, conflict: Conflict) -> None:
        do = " | or: ".join(conflict.remedies)
        super().__init__(f"{conflict.code}: {conflict.what}: {conflict.why}. Do: {do}")
        self.conflict = conflict


@dataclass
class Sudo:
    """How sudo is asked on this host."""

    password: str | None = None
    terminal: bool = False


class Login(SSHConnector):
    """pyinfra's connection to a host, with commands and files framed by us."""

    sudo: Sudo
    answered = False
    """Whether a script has run by this login."""

    @classmethod
    def of(cls, connector: SSHConnector) -> Login:
        """Take over a connection."""
        made = cls(connector.state, connector.host)
        made.client, made.sudo = connector.client, Sudo()
        return made

    @override
    def run_shell_command(
        self,
        command: StringCommand,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """Run a command; as pyinfra's, except that a login's own words are not in its output.

        Raises:
            Unusable: The login runs nothing.
        """
        if arguments.get("_get_pty") or arguments.get("_su_password"):
            return super().run_shell_command(command, print_output, print_input, **arguments)
        if print_input:
            screen.say([f"{self.host.name}: >>> {command}"])
        given = arguments.pop("_stdin", None)
        return self._ran(command, session.chunks(given), print_output, arguments)

    @override
    def put_file(
        self,
        filename_or_io: Any,
        remote_filename: str,
        remote_temp_filename: str | None = None,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> bool:
        """Write a file on the host, by the input of a shell: as whom it is to be written."""
        path = shlex.quote(remote_filename)
        with get_file_io(filename_or_io) as file:
            size = file.seek(0, 2)
            file.seek(0)
            script = StringCommand(f'cat >{path} && [ "$(wc -c <{path})" -eq {size} ]')
            blocks = iter(functools.partial(file.read, BLOCK), b"")
            good, output = self._ran(script, blocks, print_output, arguments)
        if not good:
            why = output.stderr or "it is not there as a whole: is the disk full?"
            logger.error(f"{self.host.print_prefix}{remote_filename} cannot be written: {why}")
        return good

    @override
    def get_file(
        self,
        remote_filename: str,
        filename_or_io: Any,
        remote_temp_filename: str | None = None,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> bool:
        """Read a file of the host, by the output of a shell: as whom it is to be read."""
        script = StringCommand("cat", QuoteString(remote_filename))
        with (
            self._running(script, (), arguments) as (send, channel),
            get_file_io(filename_or_io, "wb") as file,
        ):
            output = channel.makefile("rb")
            behind = Behind(send.mark, send.marks)
            while behind.seen < send.marks and (line := output.readline()):
                list(behind.lines([line]))
            while block := output.read(BLOCK):
                file.write(block)
            good = channel.recv_exit_status() == 0 and behind.seen == send.marks
            if not good:
                why = channel.makefile_stderr("rb").read().decode(errors="replace").strip()
                logger.error(f"{self.host.print_prefix}{remote_filename} cannot be read: {why}")
        return good

    def _ran(
        self,
        command: StringCommand,
        chunks: Iterable[bytes],
        print_output: bool,
        arguments: dict[str, Any],
    ) -> tuple[bool, CommandOutput]:
        timeout = arguments.pop("_timeout", None)
        codes = arguments.pop("_success_exit_codes", None) or (0,)
        logger.debug("Running command on %s: %s", self.host.name, command)
        with self._running(command, chunks, arguments) as (send, channel):
            out, err = Behind(send.mark, send.marks), Behind(send.mark, send.marks)
            said = read_output_buffers(
                out.lines(channel.makefile("rb")),
                err.lines(channel.makefile_stderr("rb")),
                timeout=timeout,
                print_output=print_output,
                print_prefix=self.host.print_prefix,
            )
            status = channel.recv_exit_status()
        if out.seen == send.marks:
            self.answered = True
            return status in codes, said
        if out.seen == 0 and status >= 0 and not self.answered:  # else the connection is lost
            user = self._user()
            self._unusable(silence.silent_login(user, status, [*out.noise, *err.noise]))
        noise = [("stdout", line) for line in out.noise] + [("stderr", x) for x in err.noise]
        return False, CommandOutput([OutputLine(name, line) for name, line in noise if line])

    @contextlib.contextmanager
    def _running(
        self, command: StringCommand, chunks: Iterable[bytes], arguments: dict[str, Any]
    ) -> Iterator[tuple[Framed, Channel]]:
        """A session in which the command runs; what it is to read is on its way."""
        send = _framed(command, self.sudo, arguments)
        sent = itertools.chain([send.sent], chunks)
        with session.running(self._session(), send.word, sent) as channel:
            yield send, channel

    def _session(self) -> Channel:
        """A session of the connection; sshd may have none left for a moment (MaxSessions).

        Raises:
            Unusable: It never has one.
        """
        transport = self.client.get_transport() if self.client else None
        if transport is None:
            raise SSHException("there is no connection")
        try:
            return session.opened(transport)
        except ChannelException as error:
            forwards = bool(self.data["ssh_forward_agent"])
            self._unusable(silence.no_session(str(error), forwards))
            raise

    def _unusable(self, conflict: Conflict) -> None:
        """Refuse the host, while it can be refused; later it fails as others that go away."""
        if not self.state.is_executing:
            raise Unusable(conflict)
        logger.error(f"{self.host.print_prefix}{Unusable(conflict)}")

    def _user(self) -> str:
        transport = self.client.get_transport() if self.client else None
        return (transport.get_username() if transport else None) or self.host.name


class Local(Copying):
    """pyinfra's way to this machine itself: modes of files, and sudo, are as elsewhere."""

    sudo: Sudo

    @classmethod
    def of(cls, connector: LocalConnector) -> Local:
        """Take over from pyinfra."""
        made = cls(connector.state, connector.host)
        made.sudo = Sudo()
        return made

    @override
    def run_shell_command(
        self,
        command: StringCommand,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """Run a command."""
        if arguments.get("_get_pty") or arguments.get("_su_password"):
            return super().run_shell_command(command, print_output, print_input, **arguments)
        stdin = b"".join(session.chunks(arguments.get("_stdin")))
        limits: dict[str, Any] = {n: arguments.get(n) for n in ("_timeout", "_success_exit_codes")}
        send = _framed(command, self.sudo, arguments)
        good, said = super().run_shell_command(
            StringCommand(send.word),
            print_output,
            print_input,
            _stdin=(send.sent + stdin).decode(),
            **limits,
        )
        out, err = Behind(send.mark, send.marks), Behind(send.mark, send.marks)
        behind = {"stdout": out, "stderr": err}
        lines = [
            OutputLine(one.buffer_name, line)
            for one in said
            for line in behind[one.buffer_name].lines([one.line.encode()])
        ]
        if out.seen == send.marks:
            return good, CommandOutput(lines)
        return False, CommandOutput([OutputLine("stderr", line) for line in err.noise if line])


def take_over(host: Host) -> None:
    """From here on, reach this host by our way; nothing where it is reached so already."""
    connector = host.connector
    if type(connector) is SSHConnector:
        host.connector = Login.of(connector)
    elif type(connector) is LocalConnector:
        host.connector = Local.of(connector)


def _framed(command: StringCommand, sudo: Sudo, arguments: dict[str, Any]) -> Framed:
    for name in ("_get_pty", "_timeout", "_stdin", "_success_exit_codes"):
        arguments.pop(name, None)
    where = {name: arguments.pop(name, None) for name in ("_env", "_chdir")}
    script = make_unix_command(command, _shell_executable=None, **where).get_raw_value()
    password = arguments.pop("_sudo_password", None) or sudo.password
    if not any(arguments.get(name) for name in _RISES):
        shell = arguments.get("_shell_executable") or "sh"
        return framed(script if shell == "sh" else shlex.join(["exec", shell, "-c", script]))
    if not arguments.get("_sudo"):
        password = None
    rise = functools.partial(risen, password is not None, arguments)
    return framed(script, rise, password, sudo.terminal)


def risen(asks: bool, arguments: dict[str, Any], text: str) -> str:
    """Shell that runs a text as another user, as pyinfra would.

    sudo takes the password from its input instead of pyinfra's helper program: that would have it
    in a list of processes, where any user of the host reads it.
    """
    command = make_unix_command(StringCommand(text), **arguments).get_raw_value()
    return command.replace("sudo -H -n", "sudo -H -k -S", 1) if asks else command
