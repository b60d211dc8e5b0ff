"""A real run of pyinfra on a host that is a value: facts are told to it, commands are kept.

pyinfra's own inventory, operations and failures are at work; only the wire to the host is not.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable, Iterator
from io import IOBase
from typing import Any, TypeVar

from pyinfra.api import Config, FactBase, Inventory, State, StringCommand, connectors, inventory
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.operations import run_ops
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra.context import ctx_config, ctx_host, ctx_state

from facts.archives import ArchiveAnswers
from facts.host import HostProbe
from facts.model.host import HostState
from facts.model.outlook import Outlook
from facts.outlook import PackageOutlook
from tasks.steps import before

T = TypeVar("T")
NAME = "gpu1"
Facts = dict[type[FactBase[Any]], Any]
"""What facts tell, by their class."""
# pyinfra looks for them among all that is installed, twice for each inventory.
_connectors = functools.cache(connectors.get_all_connectors)
connectors.get_all_connectors = inventory.get_all_connectors = _connectors


class Wire(BaseConnector):
    """Keeps the commands that are sent; each of them goes well."""

    def __init__(self, state: State, host: Host) -> None:
        super().__init__(state, host)
        self.commands: list[str] = []
        self.notes: list[str] = []
        """Commands that note what is there before the first change."""
        self.read: list[str] = []
        """What each of them is sent to read; empty: nothing."""
        self.as_root: list[bool] = []
        """Whether each of them was sent through sudo."""
        self.says: list[str] = []
        """Lines that each of them prints."""

    @staticmethod
    def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """No host is found by a name of this connector."""
        return iter(())

    def run_shell_command(
        self,
        command: StringCommand,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """Keep it."""
        if command.get_raw_value() == before.script():
            self.notes.append(before.script())
            return True, CommandOutput([])
        self.commands.append(command.get_raw_value())
        self.read.append(arguments.get("_stdin") or "")
        self.as_root.append(bool(arguments.get("_sudo")))
        lines = [OutputLine("stdout", line) for line in self.says]
        return True, CommandOutput(lines)

    def put_file(
        self, filename_or_io: str | IOBase, remote_filename: str, *_: Any, **__: Any
    ) -> bool:
        """No step of ours sends files in this way."""
        raise AssertionError(remote_filename)

    def get_file(self, remote_filename: str, *_: Any, **__: Any) -> bool:
        """No step of ours fetches files in this way."""
        raise AssertionError(remote_filename)


class ARun:
    """One run on one host, `NAME`, which pyinfra is connected to.

    Args:
        state: What the probe tells; None: the probe fails.
        more: What other facts tell, by their class.
        unreachable: Other hosts of the inventory, which pyinfra could not connect to.
        data: The host's data. A host of Debian takes Debian's own driver where they say nothing of
            it, as the throwaway hosts do.
    """

    def __init__(
        self,
        state: HostState | None,
        more: Facts | None = None,
        unreachable: tuple[str, ...] = (),
        **data: Any,
    ) -> None:
        if state is not None and state.system.os.startswith("debian"):
            data = {"driver_origin": "debian", **data}
        hosts = Inventory(([(NAME, data), *unreachable], {}))  # type: ignore[no-untyped-call]
        self.config = Config()  # type: ignore[no-untyped-call]
        self.state = State(hosts, self.config)
        host = hosts.get_host(NAME)
        assert host is not None
        self.host: Host = host
        self.wire = Wire(self.state, host)
        self.answers: Facts = {
            HostProbe: state,
            PackageOutlook: Outlook(),
            ArchiveAnswers: (),
            **(more or {}),
        }
        self.asked: list[type[FactBase[Any]]] = []
        """Facts in the order in which the host was asked for them: a round trip each."""
        host.connector = self.wire
        host.get_fact = self._told  # type: ignore[assignment,method-assign]
        self.state.activate_host(host)

    def _told(self, fact: type[FactBase[Any]], *_: Any, **__: Any) -> Any:
        self.asked.append(fact)
        if self.answers[fact] is None:  # pyinfra has said why, and goes on with the other hosts
            self.state.failed_hosts.add(self.host)
        return self.answers[fact]

    def prepared(self, deploy: Callable[[], T]) -> T:
        """What this deploy gives while pyinfra prepares."""
        with ctx_state.use(self.state), ctx_config.use(self.config), ctx_host.use(self.host):
            return deploy()

    def executed(self) -> ARun:
        """Carry out what was prepared."""
        self.state.is_executing = True
        with ctx_state.use(self.state), ctx_config.use(self.config):
            try:
                run_ops(self.state)
            except PyinfraError as error:
                assert self.state.failed_hosts, error
        return self

    @property
    def exit_status(self) -> int:
        """What ``pyinfra`` ends with: 1 where a host has failed."""
        return 1 if self.state.failed_hosts else 0

    @property
    def changes(self) -> list[str]:
        """Names of the operations that pyinfra says will change something, as with ``--dry``."""
        ops = self.state.ops[self.host]
        return [
            name
            for op, data in ops.items()
            if data.operation_meta.will_change
            for name in self.state.get_op_meta(op).names
        ]

    def written(self, path: str) -> dict[str, Any] | None:
        """The JSON that was written to this file of the host; None: nothing was."""
        found = None
        for command in self.wire.commands:
            match = re.search(r"printf %s (\S+) \| base64 -d >(\S+)\.new", command)
            if match and match[2] == path:
                found = json.loads(base64.b64decode(match[1]))
        return found
