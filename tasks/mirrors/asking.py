"""Ask mirrors from the network of who fetches: the host, or for a bundle this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from facts.mirrors import LIMIT_S, MirrorReadings, mirrors_command
from facts.parse.mirrors import MirrorReading, readings
from facts.parse.sections import ProbeError
from tasks.hostdata import host as host_data
from tasks.mirrors.questions import Question
from tasks.steps import around
from tasks.steps.step import fact, this_host
from tasks.templates import logins

_MORE_S = 60
"""What the last mirror may take beyond the script's own limit."""


def asked(questions: Sequence[Question]) -> tuple[MirrorReading, ...] | None:
    """The host's readings, in one round trip; None where the host was lost, which has been said.

    Raises:
        ValueError: Host data ``proxy`` could not be put on the host.
    """
    # Whoever waits for the host's answer no longer than so many seconds gets it before.
    limit = min(LIMIT_S, host_data.waits(this_host().data).answer - _MORE_S)
    found: tuple[MirrorReading, ...] | None = fact(
        MirrorReadings,
        count=len(questions),
        _stdin=logins.Unsaid(question.line for question in questions),
        surroundings=around.file(this_host()),
        limit=max(1, limit),
    )
    return found


def asked_here(questions: Sequence[Question]) -> tuple[MirrorReading, ...]:
    """Readings of this machine, for what it fetches itself.

    Raises:
        RuntimeError: Its shell gave no answer that can be read.
    """
    try:
        done = subprocess.run(
            ["sh", "-c", mirrors_command()],
            input="".join(question.line for question in questions),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S + _MORE_S,
        )
        return readings(done.stdout.splitlines(), len(questions))
    except (subprocess.TimeoutExpired, ProbeError) as error:
        raise RuntimeError(f"the mirrors cannot be asked from this machine: {error}") from error
