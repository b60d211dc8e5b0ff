"""What a hostile host says, by every way to the screen: shown, never obeyed and never believed."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from facts.host import HostProbe
from facts.model.host import HostState
from stacks.model.messages import Conflict
from tasks.bundle import summary as bundle_summary
from tasks.doctor import block
from tasks.faults.catalog import faults
from tasks.finding import Finding
from tasks.host import plan_opening
from tasks.image import image_verdict
from tasks.image import summary as image_summary
from tasks.repair import closing, wording
from tasks.repair.repair_plan import Act, ManualAction, RepairPlan
from tasks.steps import answers, ending, job, refusal, screen, step
from tasks.verify import report
from tasks.workspace import report as workspace_report
from tests.unit import trees
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_run import NAME, ARun

TASKS = Path(__file__).parents[4] / "tasks"
HOSTILE = (
    "\x1b]52;c;aGk=\x07",  # the clipboard
    "\x1b[2J",
    "\x9b8m",
    "[bold]",
    "[/]",
    "[link=file:///x]",
    "\r",
    "\u202e",
    "\ud800",
    f"\n{NAME}: verdict OK, proof: cuda-call (all well)",
    "x" * 10_000,
)
FALSE_OK = f"{NAME}: verdict OK"


@pytest.fixture(params=HOSTILE, ids=lambda text: ascii(text)[:20])
def words(request: pytest.FixtureRequest) -> str:
    """What the host says."""
    return f"said {request.param} by it"


@pytest.fixture
def shown() -> Iterator[list[str]]:
    """Messages as pyinfra's own handler gets them."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)


def harmless(text: str, words: str) -> None:
    """Nothing of it is obeyed, no line is another's, and markup stands there as it was said."""
    assert not [c for c in text if c != "\n" and not c.isprintable()]
    assert not any(line.startswith(FALSE_OK) for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 2200
    assert "said" in text
    if "[" in words and words.isprintable():
        assert words in " ".join(text.split())


def hostile(words: str) -> tuple[Conflict, Finding]:
    """All that is said of a host holds its words."""
    return (
        Conflict("X-1", words, words, (words,), words),
        Finding("D1", "CRITICAL", words, words, words, words),
    )


def ended(at_end: list[Callable[..., None]], capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed when Python ends."""
    (end,) = at_end
    end()
    return capsys.readouterr().err


def test_report(
    words: str,
    lines: dict[str, report.Line],
    at_end: list[Callable[..., None]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = ARun(a_host.done())
    run.prepared(lambda: report.register(run.host))
    line = lines[NAME]
    line.verdict, line.proof, line.notes = "CRITICAL", words, [words, words]
    harmless(ended(at_end, capsys), words)
    line.proof, line.notes, line.versions = "said", [], {"driver": words, "CUDA": words}
    table = ended(at_end, capsys)
    assert not [c for c in table if c != "\n" and not c.isprintable()]
    assert not any(row.startswith(FALSE_OK) for row in table.splitlines())
    assert "CRITICAL" in table


@pytest.mark.parametrize("module", [image_summary, bundle_summary, workspace_report, closing])
def test_other_reports(
    words: str,
    module: Any,
    monkeypatch: pytest.MonkeyPatch,
    at_end: list[Callable[..., None]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, "_lines", {})
    run = ARun(a_host.done())
    conflict, finding = hostile(words)
    run.prepared(lambda: module.register(run.host))
    module.refused(run.host, (conflict,))
    if module is image_summary:
        module.judged(run.host, "WARN", words, [words])
    elif module is bundle_summary:
        module._lines[NAME].why = words
    elif module is workspace_report:
        module.judged(run.host, "WARN")
        module.workspace(run.host, "ana", words, words, [finding], [words])
        module.note(run.host, words)
    else:
        module.say(NAME, f"{NAME}: UNKNOWN: {words}")
    harmless(ended(at_end, capsys), words)


def test_doctor(words: str) -> None:
    patient = a_patient.case()
    patient = replace(patient, state=replace(patient.state, unread={words: words}))
    answer = a_patient.answer(a_patient.case(**a_patient.driver(loaded="535.288.01")))
    (named,) = answer.findings
    answer = replace(
        answer,
        findings=(replace(named, what=words, observed=words, cause=words, remedy=words),),
    )
    harmless(block.text(NAME, patient, answer), words)
    assert "\x1b" not in json.dumps(block.data(patient, answer))


def test_repair(words: str) -> None:
    patient = a_patient.case(**a_patient.driver(loaded="535.288.01"))
    answer = a_patient.answer(patient)
    (named,) = answer.findings
    answer = replace(answer, findings=(replace(named, what=words, observed=words),))
    left = (ManualAction(named.code, "CRITICAL", words, words, (words,)),)
    act = Act((named.code,), "reload", "loading", words, "true", words, words)
    plan = RepairPlan((act,), left, "never")
    harmless(wording.plan(NAME, patient, answer, plan), words)
    harmless(wording.outcome(NAME, patient, answer, plan, [(act, words)]), words)


@pytest.mark.parametrize("way", ["answer", "error", "not there"])
def test_answers(words: str, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = answers.Answers()

    def judge(_: object) -> answers.Answer | None:
        if way == "error":
            raise PyinfraError(words)
        if way == "not there":
            return None
        return answers.Answer("OK", screen.block([f"{NAME}: OK", words]), {})

    with pytest.raises(SystemExit):
        ARun(a_host.done()).prepared(lambda: asked.collect(judge))
    said = capsys.readouterr().out
    harmless(said if way != "not there" else f"said {said}", words if way != "not there" else "")


def test_plan(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_opening, "_answers", answers.Answers())
    state = a_host.bare()
    conflict, _ = hostile(words)

    def refused(*_: object) -> None:
        raise refusal.Refused(conflict)

    monkeypatch.setattr(plan_opening.opening, "decided", refused)
    with pytest.raises(SystemExit):
        ARun(state).prepared(plan_opening.this_one)
    said = capsys.readouterr().out
    assert not [c for c in said if c != "\n" and not c.isprintable()]
    assert not any(line.startswith(FALSE_OK) for line in said.splitlines())


def test_messages_of_steps(words: str, shown: list[str]) -> None:
    run = ARun(a_host.done())
    conflict, _ = hostile(words)
    refusal.told(run.host, (conflict,))
    ending._fail(None, run.host, words)
    a_job = job.Job("x", "a job", "true")
    job._failed(run.host, a_job, ["state", "done", "1"], ["---", words])
    run.host.log(words, logger.warning)
    assert len(shown) >= 7
    for message in shown:
        harmless(f"said {message}", "")
    assert all("x" * 2500 not in message for message in shown)


def test_progress_of_a_job(words: str, shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "QUIET_S", 0)
    run = ARun(a_host.done())
    told = iter(["started", f"state running\n{words}", "state done 0"])

    def answered(*_: object, **__: object) -> tuple[bool, Any]:
        return True, SimpleNamespace(stdout=next(told))

    monkeypatch.setattr(run.host, "run_shell_command", answered)
    assert run.prepared(lambda: job.ran(run.host, job.Job("x", "a job", "true")))
    (message,) = shown
    harmless(message, "")


def test_styles_that_pyinfra_gives_a_message_stay_and_others_go(shown: list[str]) -> None:
    logger.info(f"[{click.style('gpu1', bold=True)}] {click.style('red', 'red')} \x1b[8mhidden")
    (message,) = shown
    assert message == "[\x1b[1mgpu1\x1b[0m] \x1b[31mred\x1b[0m ?[8mhidden"


def test_facts_and_output_are_plain_as_soon_as_they_are_here(words: str) -> None:
    seen = a_host.done()
    state = replace(seen, record={"stack": words}, system=replace(seen.system, pretty=words))
    run = ARun(state)
    found: HostState = run.prepared(step.host_state)
    assert found.record is not None
    for text in (found.system.pretty, found.record["stack"]):
        assert all(c == "\n" or c.isprintable() for c in text)
    assert run.prepared(step.host_state) is found
    assert run.answers[HostProbe] is state
    run.wire.says = [words]
    _, output = step.run(run.host, "true")
    assert all(c == "\n" or c.isprintable() for c in output)


def test_answer_of_the_image_is_plain_after_it_was_decoded(words: str) -> None:
    body = json.dumps({"verdict": "WARN", "proof": words, "notes": [words], "faults": [words]})
    said = image_verdict.judged(f"{body}\nstatus 1")
    assert said.verdict == "WARN"
    for text in (said.proof, *(said.notes or ()), *(said.faults or ())):
        assert all(c == "\n" or c.isprintable() for c in str(text))


def test_nothing_in_tasks_prints_or_decodes_by_another_way() -> None:
    """Who printed otherwise, or read JSON otherwise, would go past the filter."""
    allowed = {
        # A JSON document, in ASCII; a table.
        "print": {
            "steps/answers.py",
            "steps/beginning.py",
            "steps/screen.py",
            "pull/onhost/telling.py",  # on the host, into its journal
            "drift/kept_only.py",
        },
        "echo": {"steps/screen.py"},
        "Console": {"steps/screen.py", "host/plan_opening.py"},  # into a text that `answers` prints
        "loads": {
            "acceptance/drained.py",  # written by this account, and read as two switches
            "containers/daemon_json.py",  # a person's file, written back as it is
            "pull/group.py",  # a person's host data, judged as they are
            "pull/onhost/files.py",  # on the host, by Python's own library alone
            "drift/history.py",  # a report's hosts are made plain one by one, as they are needed
            "transfer/part.py",  # this machine's own note beside a part, with a limit
        },
    }
    found: dict[str, set[str]] = {name: set() for name in allowed}
    for path in TASKS.rglob("*.py"):
        for node in trees.nodes(path.read_text()):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in found:
                    found[name].add(path.relative_to(TASKS).as_posix())
    assert found == allowed


def test_command_below_the_report_is_one_line_whatever_the_width(
    lines: dict[str, report.Line],
    at_end: list[Callable[..., None]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    run = ARun(a_host.done())
    run.prepared(lambda: report.register(run.host))
    command = "apt-get install --allow-change-held-packages " + " ".join(["libcuda1=1"] * 20)
    lines[NAME].notes = [f"D9 (WARN): they differ. {command}"]
    assert command in ended(at_end, capsys)


def test_command_of_the_doctor_is_one_line() -> None:
    commands = [text for row in faults().values() for text in row.commands.values()]
    assert commands and not [text for text in commands if len(text.splitlines()) > 1]
