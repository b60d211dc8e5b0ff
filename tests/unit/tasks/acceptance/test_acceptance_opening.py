"""Verify's opening: what a host is asked, what is printed and written, and the exit status."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.cuda_call import CudaCall
from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm
from facts.device_health import DeviceHealth
from facts.device_health_model import Health
from facts.evidence import HostEvidence
from facts.evidence_model import Holder
from facts.measurements import SpeedMeasurements
from facts.measurements_model import Measurements
from tasks.acceptance import acceptance_opening
from tasks.acceptance.look import Read
from tasks.hostdata.acceptance import AcceptanceSettings
from tasks.steps.answers import Answer
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_run import NAME, ARun, Facts
from tests.unit.tasks.acceptance import a_measurement, a_subject
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
    facts: Facts = {
        HostEvidence: replace(a_patient.EVIDENCE, holders=holders),
        CudaCall: a_subject.call(2),
        DeviceHealth: health,
        SpeedMeasurements: measured,
        DcgmDiagnosis: Dcgm(why="there is no dcgmi on this host"),
    }
    run = ARun(a_subject.state(2), facts, **data)
    with pytest.raises(SystemExit) as left:
        run.prepared(acceptance_opening.this_one)
    assert isinstance(left.value.code, int)
    return left.value.code


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
