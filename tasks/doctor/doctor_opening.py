"""Ask the doctor about every host of a run, print the answers, end with nagios's exit status."""

from __future__ import annotations

from pyinfra.api.host import Host

from stacks.model.plain import one_line
from tasks.doctor import block
from tasks.doctor.examination import examined
from tasks.doctor.tree import diagnose
from tasks.steps.answers import Answer, Answers

_answers = Answers()


def this_one() -> None:
    """Judge the host at hand; after the last one, print and leave.

    Three round trips at most: the probe, the second look, and a CUDA call where a driver is loaded.

    Raises:
        SystemExit: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
    """
    _answers.collect(_judged)


def _judged(host: Host) -> Answer | None:
    case, complaint = examined(host)
    if case is None:
        return None
    answer = diagnose(case)
    words = block.text(host.name, case, answer)
    if complaint:
        words += "\n" + one_line(f"  not compared with a plan: {complaint}")
    return Answer(answer.level, words, {**block.data(case, answer), "plan": complaint})
