"""The repair's opening: the plan is shown, what can be done is prepared, the rest is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from facts.cuda_call import CudaCall
from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.model.host import HostState
from tasks.health.case import Case
from tasks.repair import closing, repair_opening
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_patient import case, manager
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.host.test_plans import NO_SYSTEMD, as_user
from tests.unit.tasks.ill_hosts import ILL
from tests.unit.tasks.verify.test_host_verdict import WORKS

BROKEN = case(**manager(half_configured=("half iF",)))
BEYOND_US = ILL["D10"][0]
"""Nothing that can be done from here."""
AtEnd = list[Callable[..., None]]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, at_end: AtEnd) -> None:
    """What is known of other tests' hosts is forgotten."""
    for module, name, empty in (
        (repair_opening, "_patients", {}),
        (repair_opening, "_fleet", []),
        (closing, "_lines", {}),
    ):
        monkeypatch.setattr(module, name, empty)


def opened(patient: Case, **data: Any) -> ARun:
    """The host after its opening."""
    run = ARun(patient.state, {HostEvidence: patient.evidence, CudaCall: WORKS}, **data)
    run.prepared(repair_opening.this_one)
    return run


def last_line(at_end: AtEnd, capsys: pytest.CaptureFixture[str]) -> str:
    """The line of the host in the list at the end."""
    capsys.readouterr()
    (end,) = at_end
    end()
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith(f"  {NAME}")]
    return line.strip()


def test_healthy_host_has_nothing_to_repair(
    at_end: AtEnd, capsys: pytest.CaptureFixture[str]
) -> None:
    run = opened(case())
    assert f"{NAME}: OK, nothing to repair" in capsys.readouterr().err
    assert (run.changes, run.executed().exit_status, run.wire.commands) == ([], 0, [])
    assert run.asked == [HostProbe, HostEvidence, CudaCall]
    assert last_line(at_end, capsys) == f"{NAME}: OK"


def test_plan_of_an_ill_host_is_shown_before_anything_is_done(
    at_end: AtEnd, capsys: pytest.CaptureFixture[str]
) -> None:
    run = opened(BROKEN)
    said = capsys.readouterr().err
    assert f"{NAME}: CRITICAL; the repair:" in said and "1. D9: " in said
    assert (run.changes, run.wire.commands, run.exit_status) == (["Driver repair"], [], 0)
    assert run.asked == [HostProbe, HostEvidence, CudaCall]
    assert last_line(at_end, capsys) == f"{NAME}: CRITICAL; nothing was done", "as after --dry"


def test_host_that_only_a_person_can_help_fails_and_is_not_touched(
    at_end: AtEnd, capsys: pytest.CaptureFixture[str]
) -> None:
    run = opened(BEYOND_US)
    assert "nothing that can be done from here" in capsys.readouterr().err
    assert (run.changes, run.exit_status, run.wire.commands) == ([], 1, [])
    assert last_line(at_end, capsys).endswith("left to a person: D10")


@pytest.mark.parametrize("code", ["D7", "D22", "D27"])
def test_reboot_that_would_end_the_run_is_left_to_a_person(
    code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = ILL[code][0]
    here = opened(patient, reboot="now")
    assert "run is on the machine itself" in " ".join(capsys.readouterr().err.split())
    assert here.changes == []
    monkeypatch.setattr(repair_opening.reboot, "reached", lambda host: True)
    assert opened(patient, reboot="now").changes == ["Driver repair"]
    assert "machine itself" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "data", "code"),
    [
        (as_user(BROKEN.state, sudo=False), {}, "NO-ROOT"),
        (replace(BROKEN.state, system=NO_SYSTEMD.system), {}, "NO-SYSTEMD"),
        (BROKEN.state, {"reboot": "perhaps"}, "STACK-INVALID"),
        (BROKEN.state, {"reboot_wait": "long"}, "STACK-INVALID"),
        (BROKEN.state, {"batch": 0}, "STACK-INVALID"),
        (BROKEN.state, {"fail_share": 2}, "STACK-INVALID"),
        (BROKEN.state, {"canary": "yes"}, "STACK-INVALID"),
    ],
)
def test_host_is_refused_after_one_look(
    at_end: AtEnd,
    capsys: pytest.CaptureFixture[str],
    state: HostState,
    data: dict[str, Any],
    code: str,
) -> None:
    run = opened(replace(BROKEN, state=state), **data)
    assert (run.exit_status, run.changes) == (1, [f"Refused: {code}"])
    run.executed()
    assert (run.asked, run.wire.commands) == ([HostProbe], [])
    assert last_line(at_end, capsys) == f"{NAME}: REFUSED: {code}"


@pytest.mark.parametrize("silent", [HostProbe, HostEvidence])
def test_host_that_does_not_answer_is_unknown(
    at_end: AtEnd, capsys: pytest.CaptureFixture[str], silent: type[Any]
) -> None:
    run = ARun(a_patient.state(), {HostEvidence: BROKEN.evidence, CudaCall: WORKS})
    run.answers[silent] = None
    run.prepared(repair_opening.this_one)
    assert run.state.ops[run.host] == {}
    assert last_line(at_end, capsys).startswith(f"{NAME}: UNKNOWN: its state could not be read")


def test_stack_that_cannot_be_read_is_said_beside_the_plan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = opened(BROKEN, stack="pytorch-9.9")
    assert "not compared with a plan: " in capsys.readouterr().err
    assert run.changes == ["Driver repair"]
