"""What was repaired, when and how it went: a line of JSON for each event, on the host."""

from __future__ import annotations

import json
import shlex
from typing import Any

from pyinfra.api.host import Host

from tasks.steps.record import TOOL, now
from tasks.steps.step import run

FILE = "/var/lib/gpuwright/repairs.jsonl"


def line(event: str, **values: Any) -> str:
    """One event as a line of JSON."""
    return json.dumps({"time": now(), "tool": TOOL, "event": event, **values})


def note(host: Host, event: str, **values: Any) -> None:
    """Write one event down; a host that cannot take it (a full disk) is repaired all the same."""
    text = shlex.quote(line(event, **values))
    run(host, f"mkdir -p {FILE.rpartition('/')[0]} && printf '%s\\n' {text} >>{FILE}", timeout=30)
