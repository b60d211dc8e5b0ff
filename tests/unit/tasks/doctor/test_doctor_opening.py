"""The doctor's opening: what a host is asked, what is printed, and the exit status of the run."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from facts.cuda_call import CudaCall
from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.runtime import CudaAnswer
from tasks.doctor import doctor_opening
from tasks.health.case import Case
from tasks.steps.answers import Answers
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_patient import case, driver, manager
from tests.unit.tasks.a_run import NAME, ARun, Facts
from tests.unit.tasks.verify.test_host_verdict import WORKS

OLD_KERNEL = replace(a_patient.state().kernels.installed[0], release="6.1.0-50-cloud-amd64")
WARNED = case(
    kernels=replace(
        a_patient.state().kernels, installed=(*a_patient.state().kernels.installed, OLD_KERNEL)
    )
)
ILL = case(**manager(half_configured=("half iF",)))


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said of other tests' hosts is forgotten."""
    monkeypatch.setattr(doctor_opening, "_answers", Answers())


def facts(patient: Case, call: CudaAnswer = WORKS) -> Facts:
    """What this host answers, without its first look."""
    return {HostEvidence: patient.evidence, CudaCall: call}


def opened(run: ARun) -> int:
    """The exit status that the last host ends the run with."""
    with pytest.raises(SystemExit) as left:
        run.prepared(doctor_opening.this_one)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(
    ("patient", "word", "status"),
    [(case(), "OK", 0), (WARNED, "WARN", 1), (ILL, "CRITICAL", 2)],
    ids=["healthy", "warned", "ill"],
)
def test_run_ends_with_the_hosts_level(
    capsys: pytest.CaptureFixture[str], patient: Case, word: str, status: int
) -> None:
    run = ARun(patient.state, facts(patient))
    assert opened(run) == status
    assert capsys.readouterr().out.startswith(f"{NAME}: {word}")
    assert (run.state.ops[run.host], run.wire.commands) == ({}, []), "it reads only"


def test_healthy_host_is_asked_three_times() -> None:
    run = ARun(a_patient.state(), facts(case()))
    opened(run)
    assert run.asked == [HostProbe, HostEvidence, CudaCall]


def test_no_cuda_call_is_made_where_no_driver_is_loaded() -> None:
    patient = case(**driver(loaded="", loaded_modules=()))
    run = ARun(patient.state, facts(patient))
    opened(run)
    assert run.asked == [HostProbe, HostEvidence]


@pytest.mark.parametrize("answers", [{HostEvidence: None}, {HostProbe: None}])
def test_host_that_does_not_answer_is_unknown(
    capsys: pytest.CaptureFixture[str], answers: Facts
) -> None:
    run = ARun(a_patient.state(), facts(case()))
    run.answers.update(answers)
    assert opened(run) == 3
    assert f"{NAME}: UNKNOWN\n  its state could not be read" in capsys.readouterr().out


def test_host_that_goes_away_is_unknown_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise PyinfraError("No hosts remaining!")

    run = ARun(a_patient.state())
    monkeypatch.setattr(run.host, "get_fact", gone)
    assert opened(run) == 3
    assert "No hosts remaining!" in capsys.readouterr().out


def test_rule_that_breaks_makes_its_host_unknown_and_not_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Case) -> None:
        raise IndexError("of a rule")

    monkeypatch.setattr(doctor_opening, "diagnose", broken)
    run = ARun(case().state, facts(case()), unreachable=("gpu2",))
    assert opened(run) == 3
    said = capsys.readouterr().out
    assert f"{NAME}: UNKNOWN\n  internal error, IndexError: of a rule" in said
    assert "gpu2: UNKNOWN" in said


@pytest.mark.parametrize(("patient", "status"), [(case(), 3), (WARNED, 3), (ILL, 2)])
def test_host_that_was_not_reached_is_in_the_answer_and_only_an_ill_one_is_worse(
    capsys: pytest.CaptureFixture[str], patient: Case, status: int
) -> None:
    run = ARun(patient.state, facts(patient), unreachable=("gpu2",))
    assert opened(run) == status
    assert "gpu2: UNKNOWN\n  it could not be reached" in capsys.readouterr().out


def test_same_is_said_as_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pyinfra", "--json", "x.py"])
    opened(ARun(ILL.state, facts(ILL), unreachable=("gpu2",)))
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["hosts"]["gpu2"]["verdict"]) == ("CRITICAL", "UNKNOWN")
    assert [f["code"] for f in said["hosts"][NAME]["findings"]] == ["D9"]


def test_host_whose_data_name_a_stack_is_compared_with_its_plan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    patient = case(current_venv=None)
    run = ARun(patient.state, facts(patient), stack="pytorch-2.9")
    assert opened(run) == 2
    assert "TORCH-LINK" in capsys.readouterr().out
    assert run.asked == [HostProbe, HostEvidence, CudaCall]


def test_stack_that_cannot_be_read_is_complained_of_and_the_host_is_judged_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = ARun(a_patient.state(), facts(case()), stack="pytorch-9.9")
    assert opened(run) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{NAME}: OK") and "not compared with a plan: " in said


@pytest.mark.parametrize("noted", ["{folder}/mine.yaml", "../mine.yaml", "$(touch x)", "\x1b[2J"])
def test_record_names_no_file_of_this_machine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, noted: str
) -> None:
    (tmp_path / "mine.yaml").write_text("summary: mine\n")
    state = replace(a_patient.state(), record={"stack": noted.format(folder=tmp_path)})
    run = ARun(state, facts(case()))
    assert opened(run) == 0
    said = capsys.readouterr().out
    assert "the host's record names the stack '" in said and "\x1b" not in said


@pytest.mark.parametrize("rollback", ["one", -1, 10**5000], ids=["word", "negative", "huge"])
def test_wrong_data_of_one_host_are_its_answer_and_do_not_end_the_run(
    capsys: pytest.CaptureFixture[str], rollback: object
) -> None:
    run = ARun(a_patient.state(), facts(case()), rollback=rollback)
    assert opened(run) == 3
    assert capsys.readouterr().out.startswith(f'{NAME}: UNKNOWN\n  "rollback" ')
