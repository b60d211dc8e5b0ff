"""Verify's opening: what a host is asked, what is printed and written, and the exit status."""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.burn_in import BurnInResult
from facts.cuda_call import CudaCall
from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm, DcgmResult
from facts.device_health import DeviceHealth
from facts.device_health_model import Health
from facts.evidence import HostEvidence
from facts.evidence_model import Holder
from facts.measurements import SpeedMeasurements
from facts.measurements_model import Measurements
from facts.model.host import HostState
from tasks.acceptance import acceptance_opening
from tasks.acceptance.look import Read
from tasks.hostdata.acceptance import AcceptanceSettings
from tasks.steps.answers import Answer
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_run import NAME, ARun, Facts
from tests.unit.tasks.acceptance import a_burn_in, a_measurement, a_subject
from tests.unit.tasks.acceptance.a_subject import seen

BROKEN = {0: {"remapped_rows/remapped_row_failure": "Yes"}}


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said of other tests' hosts is forgotten."""
    monkeypatch.setattr(acceptance_opening, "_answers", acceptance_opening.new_answers())
    monkeypatch.setattr(acceptance_opening, "_read_hosts", {})
    monkeypatch.setattr(acceptance_opening, "_hosts", {})


def opened(
    health: Health,
    measured: Measurements | None = None,
    holders: tuple[Holder, ...] = (),
    **data: Any,
) -> int:
    """The exit status that the last host ends the run with."""
    return a_run_of(health, measured, holders, **data)[0]


def a_run_of(
    health: Health,
    measured: Measurements | None = None,
    holders: tuple[Holder, ...] = (),
    state: HostState | None = None,
    dcgm: Dcgm = Dcgm(why="there is no dcgmi on this host"),  # noqa: B008 - frozen
    **data: Any,
) -> tuple[int, ARun]:
    """The same with its run."""
    facts: Facts = {
        HostEvidence: replace(a_patient.EVIDENCE, holders=holders),
        CudaCall: a_subject.call(2),
        DeviceHealth: health,
        SpeedMeasurements: measured,
        DcgmDiagnosis: dcgm,
        BurnInResult: a_burn_in.told(count=2),
    }
    run = ARun(state or a_subject.state(2), facts, **data)
    with pytest.raises(SystemExit) as left:
        run.prepared(acceptance_opening.this_one)
    assert isinstance(left.value.code, int)
    return left.value.code, run


def kept(run: ARun) -> list[dict[str, Any]]:
    """What was noted on the host; nothing else was sent there."""
    packed = [re.search(r"printf %s (\S+) \|", command) for command in run.wire.commands]
    assert all("/var/lib/gpuwright/verify.json" in command for command in run.wire.commands)
    return [json.loads(base64.b64decode(found[1])) for found in packed if found is not None]


@pytest.mark.parametrize(("planted", "status"), [({}, 0), (BROKEN, 2)], ids=["well", "ill"])
def test_run_ends_with_the_host_s_level(
    planted: a_subject.Planted, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = opened(seen(2, planted))
    said = capsys.readouterr().out
    assert ("GPU-ROW-FAILURE CRITICAL" in said) == bool(planted)
    assert found == status, said


def test_answer_is_json_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["pyinfra", "--json"])
    opened(seen(2, BROKEN))
    host = json.loads(capsys.readouterr().out)["hosts"][NAME]
    assert {"code": "GPU-ROW-FAILURE", "action": "replace"}.items() <= max(
        host["findings"], key=lambda f: f["code"] == "GPU-ROW-FAILURE"
    ).items()


def test_xml_is_written_where_host_data_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "verify.xml"
    opened(seen(2, BROKEN), verify_junit=str(file))
    assert 'type="GPU-ROW-FAILURE"' in file.read_text()


def test_xml_that_cannot_be_written_is_told_and_ends_the_run_as_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(seen(2), verify_junit=str(tmp_path)) == 3
    assert "verify_junit" in capsys.readouterr().out


@pytest.mark.parametrize("data", [{"level": "burnin"}, {"verify_skip": ["ec"]}])
def test_word_that_is_not_known_makes_the_host_unknown(
    data: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(seen(2), **data) == 3
    assert "expected" in capsys.readouterr().out


def test_standard_shows_the_values_and_judges_them(capsys: pytest.CaptureFixture[str]) -> None:
    planted: a_measurement.Planted = {
        (1, "matmul_bf16", "alone"): {"value": 500.0},
        (1, "matmul_bf16", "together"): {"value": 500.0},
    }
    status = opened(seen(2), a_measurement.told(2, planted), level="standard")
    said = capsys.readouterr().out
    assert status == 2
    assert "  matmul_bf16 alone: 500 to 794 TFLOP/s, 2 GPUs" in said
    assert "GPU-SLOW CRITICAL 0000:11:00.0" in said


def test_standard_without_a_program_on_the_host_is_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert opened(seen(2), Measurements(why="there is no gpuwright-measure"), level="standard") == 3
    assert "GPU-UNMEASURED UNKNOWN" in capsys.readouterr().out


def test_host_is_judged_again_beside_the_fleet() -> None:
    """The end of a run of two hosts, whose second is a little slower in everything."""
    slower = {
        (n, metric, how): {"value": value * 0.96}
        for n in range(8)
        for metric, value in a_measurement.H100.items()
        for how in ("alone", "together")
    }
    told: dict[str, Answer] = {}
    for name, planted in (("gpu1", {}), ("gpu2", slower), ("gpu3", {})):
        read = Read(
            name,
            AcceptanceSettings("standard"),
            a_subject.subject(),
            a_measurement.told(8, planted),
            dcgm=Dcgm(why="there is no dcgmi on this host"),
        )
        acceptance_opening._read_hosts[name] = read
        told[name] = acceptance_opening._answer(read)
    assert "GPU-SLOWER" not in told["gpu2"].text
    acceptance_opening._end(told)
    assert "GPU-SLOWER" in told["gpu2"].text
    assert "GPU-SLOWER" not in told["gpu1"].text


@pytest.mark.parametrize(("name", "status"), [("python3", 3), ("nvidia-persiste", 1)])
def test_nothing_is_measured_beside_somebody_s_work(
    name: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two GPUs have no reference for some copies: WARN where they were measured."""
    lines = a_measurement.rows(2)
    lines.append({"metric": "p2p_bandwidth", "value": 1.0, "index": 0, "straight": False})
    measured = a_measurement.measurements(a_measurement.printed(lines))
    found = opened(seen(2), measured, (Holder(7, name, None),), level="standard")
    said = capsys.readouterr().out
    assert found == status, said
    assert ("in use by python3 (7)" in said) == (status == 3)


@pytest.mark.parametrize("planted", [{}, BROKEN], ids=["well", "ill"])
def test_answer_is_kept_on_the_host_and_nothing_else_is_sent_there(
    planted: a_subject.Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = a_run_of(seen(2, planted))
    (told,) = kept(run)
    assert told["verdict"] == ("CRITICAL" if planted else "OK")
    assert [c["code"] for c in told["codes"]] == (["GPU-ROW-FAILURE"] if planted else [])


def test_dry_run_keeps_nothing_and_runs_no_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pyinfra", "--dry"])
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path))
    status, run = a_run_of(seen(2, BROKEN), on_fail=["touch", str(tmp_path / "drained")])
    assert (status, kept(run)) == (2, [])
    assert "not kept on the host: --dry changes nothing" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_login_without_root_gets_its_answer_and_keeps_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = a_subject.state(2)
    state = replace(state, login=replace(state.login, root=False, uid=1000))
    status, run = a_run_of(seen(2), state=state)
    said = capsys.readouterr().out
    assert (status, kept(run)) == (0, []), said
    assert "not kept on the host: the login may not become root" in said


def test_hook_is_run_for_the_host_that_fails_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path))
    assert opened(seen(2, BROKEN), on_fail=["echo", "drained"], on_pass="echo back") == 2
    said = capsys.readouterr().out
    assert f"  on_fail: echo drained {NAME} GPU-ROW-FAILURE: done: drained {NAME}" in said


def test_hook_that_fails_changes_no_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path))
    assert opened(seen(2, BROKEN), on_fail="false") == 2
    assert "ends with 1" in capsys.readouterr().out


def test_host_that_was_not_read_has_no_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path))
    assert opened(seen(2), on_fail=["touch", str(tmp_path / "drained")], verify_skip=["ec"]) == 3
    assert list(tmp_path.iterdir()) == []


def test_dcgm_s_failures_are_among_the_findings_of_standard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dcgm = Dcgm(True, (DcgmResult("pcie", "fail", 1, words="90 replays"),), "4.4.1")
    status, run = a_run_of(seen(2), a_measurement.told(2), dcgm=dcgm, level="standard")
    assert status == 2
    assert "GPU-DCGM CRITICAL 0000:11:00.0" in capsys.readouterr().out
    assert {"code": "GPU-DCGM", "device": "0000:11:00.0", "status": "CRITICAL"} in kept(run)[0][
        "codes"
    ]


def test_burn_in_tells_each_gpu_and_is_kept_with_its_readings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, run = a_run_of(seen(2), level="burn-in", burn_in="4h")
    said = capsys.readouterr().out
    assert status == 0, said
    assert "  burn-in: 4.00 of 4.00 h, done" in said and "passed: " in said
    (told,) = kept(run)
    assert told["level"] == "burn-in"
    assert "temperature in burn-in, most" in {r["metric"] for r in told["readings"]}
    assert "result-told.json" in run.wire.commands[0]
