"""The gate of deploys that start work: a fresh pass opens it, else the host is verified now."""

from __future__ import annotations

import base64
import json
import re
import runpy
import time
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import StringCommand

from facts.acceptance_note import AcceptanceNote
from facts.cuda_call import CudaCall
from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm
from facts.device_health import DeviceHealth
from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.measurements import SpeedMeasurements
from facts.measurements_model import Measurements
from facts.model.host import HostState
from tasks.acceptance import gate
from tasks.steps import ending
from tasks.steps.step import Commands, step
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_run import ARun, Facts
from tests.unit.tasks.acceptance import a_subject
from tests.unit.tasks.acceptance.a_subject import seen

BROKEN: a_subject.Planted = {0: {"remapped_rows/remapped_row_failure": "Yes"}}


def stamp(age_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age_s))


def note(age_s: float = 600, **changes: Any) -> dict[str, Any]:
    good = {
        "version": 1,
        "level": "quick",
        "at": stamp(age_s),
        "verdict": "OK",
        "tool": "gpuwright",
    }
    return {**good, **changes}


def a_run(
    noted: object, planted: a_subject.Planted | None = None, state: Any = None, **data: Any
) -> ARun:
    facts: Facts = {
        AcceptanceNote: {"noted": noted},
        HostEvidence: a_patient.EVIDENCE,
        CudaCall: a_subject.call(2),
        DeviceHealth: seen(2, planted),
        SpeedMeasurements: Measurements(why="there is no gpuwright-measure on this host"),
        DcgmDiagnosis: Dcgm(why="there is no dcgmi on this host"),
    }
    return ARun(state or a_subject.state(2), facts, **data)


def kept(run: ARun) -> list[dict[str, Any]]:
    """What was noted on the host."""
    found = []
    for command in run.wire.commands:
        if "verify.json" in command and (packed := re.search(r"printf %s (\S+) \|", command)):
            found.append(json.loads(base64.b64decode(packed[1])))
    return found


def test_without_gate_nobody_is_asked() -> None:
    run = a_run(note())
    assert run.prepared(gate.passed)
    assert run.asked == []


def test_fresh_pass_opens_it_and_nothing_is_verified() -> None:
    run = a_run(note(), BROKEN, gate="quick")
    assert run.prepared(gate.passed)
    assert DeviceHealth not in run.asked and kept(run) == [] and run.exit_status == 0


@pytest.mark.parametrize(
    "noted", [None, note(2 * 24 * 3600), note(verdict="CRITICAL"), note(version=9), {"x": 1}]
)
@pytest.mark.parametrize("planted", [None, BROKEN], ids=["well", "ill"])
def test_host_without_one_is_verified_now_and_the_answer_is_noted(
    noted: object, planted: a_subject.Planted | None
) -> None:
    run = a_run(noted, planted, gate="quick")
    assert run.prepared(gate.passed) == (planted is None)
    assert run.exit_status == (0 if planted is None else 1)
    (told,) = kept(run)
    assert told["verdict"] == ("OK" if planted is None else "CRITICAL")
    assert (told["level"], told["version"]) == ("quick", 1)


def test_host_that_fails_is_refused_with_its_codes_and_a_way_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO", logger="pyinfra"):
        assert not a_run(None, BROKEN, gate="quick").prepared(gate.passed)
    said = caplog.text
    assert "GATE-CLOSED: the host has not passed verify at the level quick" in said
    assert "GPU-ROW-FAILURE 0000:10:00.0" in said
    assert "pyinfra INVENTORY deploys/verify.py --data level=quick" in said


def test_standard_is_not_passed_where_nothing_could_be_measured() -> None:
    run = a_run(note(), gate="standard")
    assert not run.prepared(gate.passed)
    (told,) = kept(run)
    assert (told["level"], told["verdict"]) == ("standard", "UNKNOWN")


def test_host_that_was_set_up_after_it_passed_is_verified_again() -> None:
    state = replace(a_subject.state(2), record={"time": stamp(60)})
    run = a_run(note(600), BROKEN, state, gate="quick")
    assert not run.prepared(gate.passed)
    assert not a_run(note(30), BROKEN, state, gate="quick", gate_age="10s").prepared(gate.passed)


@pytest.mark.parametrize("data", [{"gate": "burn-in"}, {"gate": "quick", "gate_age": 7}])
def test_word_that_is_not_known_refuses_the_host(
    data: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    run = a_run(note(), **data)
    assert not run.prepared(gate.passed)
    assert run.exit_status == 1 and "STACK-INVALID" in caplog.text


@step
def _earlier() -> Commands:
    yield StringCommand("true")


@pytest.mark.parametrize("planted", [None, BROKEN], ids=["well", "ill"])
def test_host_that_an_earlier_deploy_changes_is_asked_once_that_is_done(
    planted: a_subject.Planted | None, caplog: pytest.LogCaptureFixture
) -> None:
    run = a_run(None, planted, gate="quick")

    def deploys() -> bool:
        _earlier(name="Driver")
        return gate.passed()

    assert run.prepared(deploys)
    assert DeviceHealth not in run.asked and kept(run) == []
    run.executed()
    assert run.exit_status == (0 if planted is None else 1)
    assert len(kept(run)) == 1
    assert ("GATE-CLOSED" in caplog.text) == (planted is not None)


@pytest.mark.parametrize("deploy", ["image", "workspace"])
def test_deploys_that_start_work_ask_it(deploy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "at_end", lambda _: None)
    run = a_run(None, BROKEN, gate="quick", workspace_user="alice")
    run.prepared(lambda: runpy.run_path(f"deploys/{deploy}.py"))
    assert run.exit_status == 1
    assert HostProbe in run.asked and len(kept(run)) == 1


def test_login_that_may_not_become_root_is_refused_before_that() -> None:
    state: HostState = a_subject.state(2)
    state = replace(state, login=replace(state.login, root=False, uid=1000))
    assert not a_run(note(), None, state, gate="quick").prepared(gate.passed)
