"""Read every host of a run, judge it, print the answers, end with nagios's exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gevent.pool import Pool
from pyinfra.api.host import Host

from stacks.model.plain import one_line
from tasks.acceptance import (
    burn_in_checks,
    dcgm_checks,
    hooks,
    keeping,
    siblings,
    speed_checks,
    verdict_text,
)
from tasks.acceptance import noted as notes
from tasks.acceptance.judge import BURNT, MEASURED, Verdict, judged
from tasks.acceptance.look import Read, dry, looked
from tasks.acceptance.rules import Fault, LeftOut
from tasks.hostdata.acceptance import acceptance_settings
from tasks.steps.answers import Answer, Answers
from tasks.steps.record import AcceptanceRecord, now


def new_answers() -> Answers:
    """A run's answers, with what is done when all are there."""
    return Answers(closing=_end)


def this_one() -> None:
    """Judge the host at hand; after the last one, print and leave.

    Raises:
        SystemExit: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
    """
    _answers.collect(_judged)


def _judged(host: Host) -> Answer | None:
    read = looked(host, acceptance_settings(host.data))
    if read is None:
        return None
    _read_hosts[host.name], _hosts[host.name] = read, host
    return _answer(read, keep=True)


def verdict(read: Read, fleet: Sequence[Fault] = ()) -> Verdict:
    """What is said of the host; ``fleet``: what its cards are, beside those of other hosts."""
    subject, told = read.subject, read.measured
    said: tuple[Fault | LeftOut, ...] | None = None
    checks: tuple[str, ...] = ()
    if told is not None and read.dcgm is not None:
        checks = MEASURED
        own = siblings.in_host(speed_checks.readings(subject, told))
        said = (*speed_checks.measured(subject, told), *own, *fleet)
        if dcgm_checks.CHECK not in read.settings.skip:
            said += tuple(dcgm_checks.judged(subject, read.dcgm))
    elif read.burnt is not None:
        checks = BURNT
        said = tuple(burn_in_checks.judged(subject, read.burnt, read.burn_why))
    return judged(subject, read.settings.skip, said, checks)


def note(read: Read, found: Verdict) -> AcceptanceRecord:
    """What is kept of it on the host."""
    more = tuple(burn_in_checks.readings(read.burnt)) if read.burnt is not None else ()
    level = read.settings.level
    return notes.record(level, now(), read.subject, found, read.measured, more, read.plan)


def _answer(read: Read, fleet: Sequence[Fault] = (), keep: bool = False) -> Answer:
    """The host's answer; ``keep``: on the host, too."""
    subject, level, told = read.subject, read.settings.level, read.measured
    found = verdict(read, fleet)
    more = tuple(burn_in_checks.lines(read.burnt)) if read.burnt is not None else ()
    words = verdict_text.text(read.host, level, subject, found, told, more)
    why = ""
    if keep:
        heard = read.burnt is not None and read.burnt.found and not read.burn_why
        host = _hosts[read.host]
        why = keeping.kept(host, note(read, found), subject.state.login.root, heard)
    if read.complaint:
        words += "\n" + one_line(f"  not compared with a plan: {read.complaint}")
    if why:
        words += "\n" + one_line(f"  not kept on the host: {why}")
    data: dict[str, Any] = verdict_text.data(level, subject, found, told)
    data |= {"plan": read.complaint, "kept": not why, JUNIT: str(read.settings.junit or "")}
    data["burn_in"] = None if read.burnt is None else read.burnt.to_dict()
    data["dcgm"] = None if read.dcgm is None else read.dcgm.to_dict()
    return Answer(found.level, words, data)


def _end(told: dict[str, Answer]) -> None:
    """Compare the hosts with each other; run hooks; write JUnit's XML where data name a file."""
    fleet = {
        name: speed_checks.readings(read.subject, read.measured)
        for name, read in _read_hosts.items()
        if read.measured is not None and not read.measured.tiny
    }
    for name, faults in siblings.in_fleet(fleet).items():
        told[name] = _answer(_read_hosts[name], faults, keep=name in _hosts)
    # Several at once: one that hangs keeps no other host from being drained.
    names = [*told]
    told.update(zip(names, Pool(AT_ONCE).map(lambda n: _hooked(n, told[n]), names), strict=True))
    files = {answer.data[JUNIT]: None for answer in told.values() if answer.data.get(JUNIT)}
    text = verdict_text.junit({name: answer.data for name, answer in told.items()})
    for file in files:
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            why = f"verify_junit: {file} cannot be written: {error.strerror}"
            for name, answer in told.items():
                told[name] = replace(
                    answer,
                    level="UNKNOWN" if answer.level != "CRITICAL" else "CRITICAL",
                    text=answer.text + "\n" + one_line(f"  {why}"),
                )


def _hooked(name: str, answer: Answer) -> Answer:
    """The answer with what its host's hooks came to. A host that was not read has none."""
    read = _read_hosts.get(name)
    if read is None or dry():
        return answer
    codes = [found["code"] for found in answer.data["findings"]]
    settings = read.settings
    told = hooks.run(name, answer.level, codes, settings.on_fail, settings.on_pass)
    lines = [one_line(f"  {one.hook}: {one.text}") for one in told]
    data = {**answer.data, "hooks": [vars(one) for one in told]}
    return replace(answer, text="\n".join([answer.text, *lines]), data=data)


AT_ONCE = 8
"""Hooks that run side by side."""
JUNIT = "junit"
"""Under which a host's answer names the file."""
_answers = new_answers()
_read_hosts: dict[str, Read] = {}
_hosts: dict[str, Host] = {}
