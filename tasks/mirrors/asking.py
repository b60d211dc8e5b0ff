"""Ask mirrors from the host's own network, which is the one that counts."""

from __future__ import annotations

from collections.abc import Sequence

from facts.mirrors import MirrorReadings
from facts.parse.mirrors import MirrorReading
from tasks.mirrors.questions import Question
from tasks.steps import around
from tasks.steps.step import fact, this_host
from tasks.templates import logins


def asked(questions: Sequence[Question]) -> tuple[MirrorReading, ...] | None:
    """The host's readings, in one round trip; None where the host was lost, which has been said.

    Raises:
        ValueError: Host data ``proxy`` could not be put on the host.
    """
    found: tuple[MirrorReading, ...] | None = fact(
        MirrorReadings,
        count=len(questions),
        _stdin=logins.Unsaid(question.line for question in questions),
        surroundings=around.file(this_host()),
    )
    return found
