"""What a host writes about itself, without being asked over ssh: the facts, as a reading. Pure.

Such a file has a first line with the time and the group, and then the answers of the same looks
that a controller asks for, as they are printed (``tasks/drift/push.py`` lays the program).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from facts.device_health_model import Health
from facts.evidence_model import Evidence
from facts.parse import parse_host
from facts.parse.device_health import health
from facts.parse.evidence import evidence
from facts.parse.past import past
from facts.parse.sections import MAGIC, ProbeError
from facts.past_model import Past
from stacks.model.plain import plain, plain_value
from tasks.drift.observed import Asked
from tasks.drift.observed import reading as observed
from tasks.drift.reading import MOST_NAME, Reading, text, time_of
from tasks.health.case import Case
from tasks.host.named_plan import plan_of

MARK = "gpuwright-facts/1"
LOOKS = ("probe", "evidence", "health", "past")
"""The answers in their order."""
_FIRST = re.compile(rf"{re.escape(MARK)} (\S{{1,40}})(?: (.{{1,200}}))?")

T = TypeVar("T")


def reading(host: str, body: bytes) -> Reading:
    """The reading in such a file.

    Args:
        host: Whom it is about: its file's name.
        body: What it holds.

    Raises:
        ValueError: It is no such file, or the host's first look in it is cut off. Of the other
            looks, one that is cut off is told as not seen.
    """
    lines = body.decode("utf-8", "replace").splitlines()
    first = _FIRST.fullmatch(lines[0]) if lines else None
    if first is None or not time_of(first[1]):
        raise ValueError(f"the first line is not {MARK} with a time")
    answers = dict(zip(LOOKS, _answers(lines[1:]), strict=False))
    state = plain_value(parse_host(answers.get("probe", [])))
    unread: dict[str, str] = {}
    second = _look("evidence", evidence, answers, Evidence(), unread)
    of_gpus = _look("health", health, answers, Health(), unread)
    kept = _look("past", past, answers, Past(), unread)
    plan, complaint = plan_of(state, {})
    case = Case(state, second, plan)
    why = "; ".join([*([complaint] if complaint else []), *unread.values()])
    name, group = text(plain(host), MOST_NAME), text(plain(first[2] or ""))
    return observed(name, group or "pushed", first[1], Asked(case, kept, of_gpus, why))


def _answers(lines: list[str]) -> Iterator[list[str]]:
    answer: list[str] = []
    for line in lines:
        if line.startswith(MAGIC) and answer:
            yield answer
            answer = []
        answer.append(line)
    yield answer


def _look(
    name: str,
    parse: Callable[[list[str]], T],
    answers: dict[str, list[str]],
    nothing: T,
    unread: dict[str, str],
) -> T:
    try:
        return plain_value(parse(answers.get(name, [])))
    except ProbeError as error:
        unread[name] = f"{name}: {error}"
        return nothing
