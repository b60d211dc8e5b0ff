"""What became of one host. Pure: what a run of pyinfra reported is read as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stacks.model.plain import one_line

DONE, REFUSED, FAILED, SKIPPED = "done", "refused", "failed", "skipped"
UNREACHABLE, INTERRUPTED, WAITING, RUNNING = "unreachable", "interrupted", "waiting", "running"
ENDS = (DONE, REFUSED, FAILED, SKIPPED, UNREACHABLE, INTERRUPTED, WAITING)
"""How a host may stand at the end; ``waiting``: its turn never came."""
PASSED = ("OK", "WARN")
"""Verdicts with which a host passes."""
BAD = (FAILED, UNREACHABLE)
"""What counts against the share of hosts that may fail."""


@dataclass(frozen=True)
class Report:
    """What one run of pyinfra says of one host, as `gpuwright.roll.worker` writes it."""

    reached: bool = False
    failed: bool = False
    refused: tuple[str, ...] = ()
    """Codes of the conflicts."""
    verdict: str = ""
    """Of a deploy that only asks; empty: it is none."""
    why: str = ""
    step: str = ""
    """What was being done when it ended."""
    jobs: Mapping[str, str] = field(default_factory=dict)
    """Jobs that go on on the host: systemd unit, and its title."""
    changed: int = 0
    """Steps that changed something."""


def report(said: object) -> Report | None:
    """A report as it came through a pipe; None: there is none, or it is cut off."""
    if not isinstance(said, Mapping):
        return None
    jobs, refused = said.get("jobs"), said.get("refused")
    changed = said.get("changed")
    return Report(
        reached=said.get("reached") is True,
        failed=said.get("failed") is True,
        refused=tuple(map(_text, refused)) if isinstance(refused, list) else (),
        verdict=_text(said.get("verdict")),
        why=_text(said.get("why")),
        step=_text(said.get("step")),
        jobs={_text(k): _text(v) for k, v in jobs.items()} if isinstance(jobs, Mapping) else {},
        changed=changed if isinstance(changed, int) and not isinstance(changed, bool) else 0,
    )


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


@dataclass(frozen=True)
class Outcome:
    """How a host ended."""

    state: str
    why: str = ""
    """In one line; of a host that is done: what was changed."""
    jobs: Mapping[str, str] = field(default_factory=dict)


def of_run(told: Report | None, status: int | None, ended: str, last_step: str) -> Outcome:
    """The outcome of a host whose run of pyinfra is over.

    Args:
        told: Its report; None: the process died before it could write one.
        status: The exit status of the process, negative for a signal; None: it was never begun.
        ended: Why we ended it ourselves: its deadline, Ctrl-C; empty: it ended by itself.
        last_step: What it was at, as far as was heard.
    """
    jobs = told.jobs if told else {}
    step = (told.step if told else "") or last_step
    at = f' at "{step}"' if step else ""
    if ended:
        return Outcome(INTERRUPTED if ended.startswith(BY_SIGNAL) else FAILED, ended + at, jobs)
    if told is None:
        how = f"signal {-status}" if status is not None and status < 0 else f"exit status {status}"
        return Outcome(FAILED, f"its run of pyinfra died ({how}){at}")
    if not told.reached:
        return Outcome(UNREACHABLE, told.why or "it could not be reached")
    if told.refused:
        return Outcome(REFUSED, ", ".join(told.refused))
    if told.verdict in PASSED and not told.failed:
        return Outcome(DONE, f"verdict {told.verdict}")
    if status or told.failed:
        if told.verdict and not told.why:
            return Outcome(FAILED, f"verdict {told.verdict}")
        why = told.why or f"pyinfra ended with exit status {status}"
        return Outcome(FAILED, f"{why}{at}", jobs)
    many = f"{told.changed} step{'' if told.changed == 1 else 's'} changed it"
    return Outcome(DONE, many if told.changed else "nothing changed")


BY_SIGNAL = "ended by "
"""Begins the reason of a run that a signal to the roll ended."""
