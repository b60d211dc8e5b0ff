"""How far a run came with each host, so that a report is true whatever happened to the run."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State

from tasks.steps.step import this_run


class Line(Protocol):
    """What a report says of one host."""

    verdict: str

    def stopped_at(self, why: str) -> None:
        """Say why there is no more of it."""


L = TypeVar("L", bound=Line)


@dataclass
class _Watch(BaseStateCallback):
    lines: Mapping[str, Line]

    def operation_host_start(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str
    ) -> None:
        line = self.lines.get(host.name)
        if line and line.verdict == "PLANNED":
            line.verdict = "UNFINISHED"
            line.stopped_at("the run was cut off")

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        line = self.lines.get(host.name)
        if line and line.verdict in ("UNKNOWN", "PLANNED", "UNFINISHED"):
            line.verdict = "FAILED"
            line.stopped_at(f"it stopped at: {', '.join(state.get_op_meta(op_hash).names)}")


def register(lines: dict[str, L], host: Host, line: L, printed: Callable[[], None]) -> None:
    """Give this host its line, and keep its verdict; with the first one, print them at the end.

    ``PLANNED`` becomes ``UNFINISHED`` with the first step and ``FAILED`` where one fails; a verdict
    that was given stays.

    Args:
        lines: Host name to its line; it grows.
        host: The host.
        line: What is known of it now.
        printed: Prints the report.
    """
    if not lines:
        atexit.register(printed)
        this_run().add_callback_handler(_Watch(lines))  # type: ignore[no-untyped-call]
    lines[host.name] = line
