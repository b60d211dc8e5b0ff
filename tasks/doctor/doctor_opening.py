"""Ask the doctor about every host of a run, print the answers, end with nagios's exit status.

pyinfra itself ends with 0 or 1 and would ask a person before «executing» nothing. So the last host
to be judged ends the run, by `SystemExit`, while pyinfra still prepares: nothing can be executed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyinfra.api.exceptions import PyinfraError

from tasks import finding
from tasks.doctor import block
from tasks.doctor.examination import examined
from tasks.doctor.tree import diagnose
from tasks.finding import SEVERITY, Finding, Level
from tasks.steps.step import this_host, this_run

_told: dict[str, tuple[Level, str, dict[str, Any]]] = {}
"""Host to level, block of text and data."""


def this_one() -> None:
    """Judge the host at hand; after the last one, print and leave.

    Three round trips at most: the probe, the second look, and a CUDA call where a driver is loaded.

    Raises:
        SystemExit: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
    """
    host = this_host()
    try:
        case, complaint = examined(host)
    except PyinfraError as error:
        case, complaint = None, str(error)
    if case is None:
        _unknown(host.name, complaint or "its state could not be read")
    else:
        answer = diagnose(case)
        words = block.text(host.name, case, answer)
        if complaint:
            words += f"\n  not compared with a plan: {complaint}"
        _told[host.name] = (answer.level, words, {**block.data(case, answer), "plan": complaint})
    _leave_if_last()


def _unknown(name: str, why: str) -> None:
    _told[name] = ("UNKNOWN", f"{name}: UNKNOWN\n  {why}", {"verdict": "UNKNOWN", "why": why})


def _leave_if_last() -> None:
    run = this_run()
    if any(host.name not in _told for host in run.inventory.get_active_hosts()):
        return
    for host in run.inventory:
        if host.name not in _told and run.is_host_in_limit(host):
            _unknown(host.name, "it could not be reached")
    levels = tuple(Finding("", level, "", "", "") for level, _, _ in _told.values())
    worst = finding.worst(levels)
    if "--json" in sys.argv:
        print(json.dumps({"verdict": worst, "hosts": {k: v for k, (_, _, v) in _told.items()}}))
    else:
        print("\n".join(words for _, words, _ in _told.values()))
    sys.stdout.flush()
    raise SystemExit(SEVERITY[worst])
