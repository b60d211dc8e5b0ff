"""Before pyinfra connects: what is said, and with which exit status, if no deploy is reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath

from pyinfra.api.state import StateStage

from tasks.steps import economy, ending, foresight, interrupt, reaching, screen

ASKING = {
    "adopt.py": "unknown",
    "benchmark.py": "UNKNOWN",
    "driver_doctor.py": "UNKNOWN",
    "plan.py": "unknown",
    "report.py": "UNKNOWN",
    "verify.py": "UNKNOWN",
}
"""Deploys that end with nagios's exit status, and how they call a host that nothing is known of."""
UNKNOWN = 3


def begin(words: Sequence[str]) -> None:
    """Answer signals, and see to it that a run which reaches no host is told as what it is.

    Args:
        words: The command line.
    """
    interrupt.install()
    reaching.install()
    economy.install()
    deploys = {PurePath(w).name for w in words if PurePath(w).parent.name == "deploys"}
    asking = sorted(deploys & {*ASKING})
    if asking:
        from pyinfra_cli import exceptions  # type: ignore[import-untyped]

        ending.fails_with(UNKNOWN)  # 1 would be a warning, and 0 all well
        for kind in (
            exceptions.CliError,
            exceptions.WrappedError,
            exceptions.UnexpectedExternalError,
            exceptions.UnexpectedInternalError,
        ):
            kind.exit_code = UNKNOWN
    if deploys and "--dry" in words:
        ending.judged_by(foresight.status)
    if deploys:
        ending.at_end(
            lambda: nobody_reached("--json" in words, ASKING.get(asking[0]) if asking else None)
        )


def nobody_reached(as_json: bool, asking: str | None) -> bool:
    """Tell of every host where none could be reached: no deploy is begun then.

    Args:
        as_json: Whether the answer is one JSON document; it is, too, where host data say so.
        asking: The verdict's word of a deploy that asks; None: it acts.

    Returns:
        False where that is so.
    """
    run = ending.this_run()
    if run is None or run.current_stage is not StateStage.Connect:
        return True
    names = [host.name for host in run.inventory if run.is_host_in_limit(host)]
    as_json = as_json or any(host.data.get("format") == "json" for host in run.inventory)
    if asking and as_json:
        told = {name: {"verdict": asking, "why": ending.UNREACHABLE} for name in names}
        print(json.dumps({"verdict": asking, "hosts": told}))
    else:
        screen.say(f"{name}: UNKNOWN: {ending.UNREACHABLE}" for name in names)
    return False
