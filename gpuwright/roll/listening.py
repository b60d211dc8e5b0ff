"""In a roll's run of pyinfra: exactly the hosts that it is for, and what happens with each."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import BaseStateCallback, State

from tasks.steps import course, ending, interrupt


@dataclass
class Events(BaseStateCallback):
    """A pipe to the roll, one JSON object in a line."""

    pipe: int
    stopped: dict[str, str] = field(default_factory=dict)
    """Host, and the step at which it stopped."""

    def tell(self, **said: Any) -> None:
        """Write one event; a roll that is gone hears nothing, and that is no error here."""
        with contextlib.suppress(OSError):
            line = json.dumps(said, default=str).encode() + b"\n"
            while line:  # a signal may cut it
                line = line[os.write(self.pipe, line) :]

    def operation_host_start(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str
    ) -> None:
        """A step begins."""
        name = ", ".join(state.get_op_meta(op_hash).names)
        course.of_host(host).step = name
        self.tell(step=name, host=host.name)

    def operation_host_success(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0
    ) -> None:
        """A step has ended well."""
        course.of_host(host).step = ""

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        """A step has failed."""
        self.stopped[host.name] = ", ".join(state.get_op_meta(op_hash).names)

    def host_connect_error(  # type: ignore[override]
        self, state: State, host: Host, error: Exception
    ) -> None:
        """A host is not reached."""
        course.known(host, f"it could not be reached: {error}")


def install(
    pipe: int, hosts: Sequence[str] | None, data: Mapping[str, str], only_list: bool
) -> None:
    """Let the run of pyinfra that follows be the roll's.

    pyinfra's ``--limit`` takes patterns, and groups before hosts (3.10.0): a host called as a group
    would bring the whole group. So the hosts are picked here, by their names alone.

    Args:
        pipe: Where events go.
        hosts: Whom it is for; None: those whom pyinfra's own options leave.
        data: Host data over all others, for every host: the secrets.
        only_list: Tell of the hosts, and end before any is connected to.
    """
    events = Events(pipe)
    init = State.init

    def exactly(
        self: State, inventory: Inventory, config: Any, initial_limit: list[Host] | None = None
    ) -> None:
        if hosts is not None:
            there = {host.name: host for host in inventory}
            initial_limit = [there[name] for name in hosts if name in there]
            if not initial_limit:
                events.tell(fatal=f"the inventory has no host {', '.join(hosts)} any more")
                sys.exit(1)
        init(self, inventory, config, initial_limit=initial_limit)
        for host in inventory:
            for name, value in data.items():
                setattr(host.data, name, value)
        if only_list:
            told = [_described(host) for host in inventory if self.is_host_in_limit(host)]
            events.tell(hosts=told)
            sys.exit(0)
        interrupt.install()
        self.add_callback_handler(events)  # type: ignore[no-untyped-call]

    State.init = exactly  # type: ignore[method-assign]
    ending.at_end(lambda: _ended(events))


def _described(host: Host) -> dict[str, Any]:
    """A host as the roll knows it: no host data, for secrets are among them."""
    address = host.data.get("ssh_hostname") or host.name
    port = host.data.get("ssh_port") or 22
    is_ssh = host.connector_cls.__name__ == "SSHConnector"
    return {
        "name": host.name,
        "groups": sorted(map(str, host.groups)),
        "address": f"{address}:{port}".lower() if is_ssh else host.name,
    }


def _ended(events: Events) -> bool:
    """Tell how it stands with every host, whatever ended the run."""
    run = ending.this_run()
    hosts = [host for host in run.inventory if run.is_host_in_limit(host)] if run else []
    stopped = events.stopped
    events.tell(ended={host.name: _of_host(run, host, stopped) for host in hosts if run})
    return True


def _of_host(run: State, host: Host, stopped: Mapping[str, str]) -> dict[str, Any]:
    now = course.of_host(host)
    return {
        "reached": host in run.activated_hosts,
        "failed": host in run.failed_hosts,
        "refused": list(now.refused),
        "verdict": now.verdict,
        "why": now.why,
        "step": now.step or stopped.get(host.name, ""),
        "jobs": now.jobs,
        "changed": sum(map(_changed, run.ops[host].values())),
    }


def _changed(operation: Any) -> bool:
    try:
        return bool(operation.operation_meta.did_change())
    except Exception:  # it was never executed
        return False
