"""How far a run came with each host, so that a report is true whatever happened to the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State

from tasks.steps import course, ending, interrupt
from tasks.steps.step import this_run

OPEN = ("UNKNOWN", "PLANNED", "UNFINISHED")
"""Verdicts that are none yet."""


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
        course.of_host(host).step = ", ".join(state.get_op_meta(op_hash).names)
        line = self.lines.get(host.name)
        if line and line.verdict == "PLANNED":
            line.verdict = "UNFINISHED"
            line.stopped_at("the run was cut off")

    def operation_host_success(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0
    ) -> None:
        course.of_host(host).step = ""

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        now = course.of_host(host)
        now.step = ""
        line = self.lines.get(host.name)
        if line and line.verdict in OPEN:
            line.verdict = "FAILED"
            why = f": {now.why}" if now.why else ""
            line.stopped_at(f"it stopped at: {', '.join(state.get_op_meta(op_hash).names)}{why}")


def register(
    lines: dict[str, L], host: Host, make: Callable[[str], L], printed: Callable[[], None]
) -> None:
    """Give this host its line, and keep its verdict; with the first one, print them at the end.

    ``PLANNED`` becomes ``UNFINISHED`` with the first step and ``FAILED`` where one fails; a verdict
    that was given stays. At the end every host of the run has a line, with the reason where it has
    no verdict.

    Args:
        lines: Host name to its line; it grows.
        host: The host.
        make: Gives what is known of a host of this name before anything is.
        printed: Prints the report.
    """
    if not lines:
        run = this_run()
        interrupt.install()
        ending.at_end(lambda: _told(run, lines, make, printed))
        run.add_callback_handler(_Watch(lines))  # type: ignore[no-untyped-call]
    lines[host.name] = make(host.name)


def _told(
    run: State, lines: dict[str, L], make: Callable[[str], L], printed: Callable[[], None]
) -> bool:
    """Print the report; whether every host has its verdict, its refusal or its plan."""
    for host in run.inventory:
        if not run.is_host_in_limit(host):
            continue
        now = course.of_host(host)
        if host.name not in lines:
            lines[host.name] = make(host.name)
            reached = host in run.activated_hosts
            lines[host.name].stopped_at(now.why or ("" if reached else ending.UNREACHABLE))
        line = lines[host.name]
        if line.verdict == "UNFINISHED" and now.step:
            ended = f"ended by {ending.interrupted()}" if ending.interrupted() else "cut off"
            line.stopped_at(now.why or f'{ended} at "{now.step}"')
        elif line.verdict in ("UNKNOWN", "UNFINISHED") and now.why:
            line.stopped_at(now.why)
        elif line.verdict == "UNFINISHED" and _all_done(run, host):
            line.verdict = "DONE"
            line.stopped_at("no step of this deploy gives a verdict")
    printed()
    return not {line.verdict for line in lines.values()} & {"UNKNOWN", "UNFINISHED", "FAILED"}


def _all_done(run: State, host: Host) -> bool:
    """Whether every step of the deploy was carried out on the host: a deploy of somebody's own."""
    results = run.get_results_for_host(host)
    return host not in run.failed_hosts and 0 < results.success_ops == len(run.ops[host])
