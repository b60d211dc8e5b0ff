"""What `vagrant status --machine-readable` prints, read. Pure.

A line is `TIME,MACHINE,TYPE,DATA…` with commas in data escaped (Vagrant's documentation,
"Machine-Readable Output"). The state's word is the provider's: `running`, and for what is not
`not_created`, `poweroff`, `shutoff`, `saved`, `paused`, `aborted` and others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RUNNING = "running"
_LINE = re.compile(r"\d{1,12},([^,\x00-\x1f]{1,64}),state,([\w.-]{1,64})\s*")
_ERROR = re.compile(r"\d{1,12},[^,]*,error-exit,[^,]*,(.*)")
_SAID = {"not_created": "was never brought up", "poweroff": "is off", "shutoff": "is off"}
_COMMANDS = {"saved": "vagrant resume", "paused": "vagrant resume"}


def states(lines: Iterable[str]) -> dict[str, str]:
    """Each machine of the Vagrantfile and its state; what is no such line is passed over."""
    found = (_LINE.fullmatch(line) for line in lines)
    return {line[1]: line[2] for line in found if line}


def error(lines: Iterable[str]) -> str:
    """What Vagrant gives as the reason of its end, in one line; empty where it gives none."""
    for line in lines:
        if found := _ERROR.match(line):
            text = found[1].replace("%!(VAGRANT_COMMA)", ",").replace("\\n", " ")
            return " ".join(text.split())
    return ""


def why_not(name: str, state: str) -> str:
    """Why a machine that is not running is not in a run, and the command that changes it."""
    said = _SAID.get(state, f'is in the state "{state}"')
    return f"{name} {said}: {_COMMANDS.get(state, 'vagrant up')} {name}"
