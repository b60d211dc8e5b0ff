"""The report's opening: what a host is asked, what is written and printed, and the exit status."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.device_health import DeviceHealth
from facts.device_health_model import Health
from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.past import HostPast
from facts.past_model import Past
from tasks.drift import drift_opening
from tasks.health.case import Case
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_patient import case, manager
from tests.unit.tasks.a_run import NAME, ARun, Facts

ILL = case(**manager(half_configured=("half iF",)))
WORDS = ["inventories/lab.py", "deploys/report.py"]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of this test's own, and a run that knows no other one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pyinfra", *WORDS])
    monkeypatch.setattr(drift_opening, "_answers", drift_opening.new_answers())
    monkeypatch.setattr(drift_opening, "_run", drift_opening._Run())
    return tmp_path


def facts(patient: Case, past: Past | None = None) -> Facts:
    """What this host answers, without its first look."""
    kept = Past() if past is None else past
    return {HostEvidence: patient.evidence, DeviceHealth: Health(), HostPast: kept}


def opened(run: ARun) -> int:
    """The exit status that the last host ends the run with."""
    with pytest.raises(SystemExit) as left:
        run.prepared(drift_opening.this_one)
    assert isinstance(left.value.code, int)
    return left.value.code


def written(name: str = "report.json") -> Any:
    """What this file of the report holds."""
    return json.loads(Path("report", name).read_text())


@pytest.mark.parametrize(
    ("patient", "status"), [(case(), 0), (ILL, 2)], ids=["as it should be", "critical"]
)
def test_run_ends_with_the_worst_hosts_status(patient: Case, status: int) -> None:
    run = ARun(patient.state, facts(patient))
    assert opened(run) == status
    assert (run.state.ops[run.host], run.wire.commands) == ({}, []), "it reads only"
    assert written()["status"] == status


def test_host_is_asked_four_times_at_most() -> None:
    run = ARun(a_patient.state(), facts(case()))
    opened(run)
    assert run.asked == [HostProbe, HostEvidence, DeviceHealth, HostPast]


def test_host_that_could_not_be_reached_is_in_the_report_and_makes_it_unknown() -> None:
    run = ARun(a_patient.state(), facts(case()), unreachable=("gpu2",))
    assert opened(run) == 3
    host = written()["hosts"]["gpu2"]
    assert (host["answered"], host["why"]) == (False, "it could not be reached")
    assert set(written()["hosts"]) == {NAME, "gpu2"}


def test_host_that_falls_silent_keeps_what_was_read_last(monkeypatch: pytest.MonkeyPatch) -> None:
    opened(ARun(a_patient.state(), facts(case())))
    first = written()["hosts"][NAME]
    monkeypatch.setattr(drift_opening, "_answers", drift_opening.new_answers())
    monkeypatch.setattr(drift_opening, "_run", drift_opening._Run())
    monkeypatch.setattr(drift_opening, "_now", lambda: "2099-01-01T00:00:00Z")
    with pytest.raises(SystemExit) as left:
        ARun(None, unreachable=()).prepared(drift_opening.this_one)
    assert left.value.code == 3
    host = written()["hosts"][NAME]
    assert (host["answered"], host["read_at"]) == (False, first["read_at"])
    assert host["components"] == first["components"]


def test_report_is_kept_and_told_in_every_form(here: Path) -> None:
    opened(ARun(a_patient.state(), facts(case()), report_sbom=True))
    names = {file.name for file in (here / "report").iterdir()}
    assert names == {*(f"report.{end}" for end in ("json", "html", "md", "xml", "prom")), "sbom"}
    assert [file.name for file in (here / "report/sbom").iterdir()] == [f"{NAME}.cdx.json"]
    (kept,) = (here / "reports").iterdir()
    assert kept.name.endswith("Z.json.gz")


def test_nothing_is_kept_where_that_is_asked_for(here: Path) -> None:
    opened(ARun(a_patient.state(), facts(case()), report_keep=0))
    assert not (here / "reports").exists()


def test_folder_that_cannot_be_written_makes_it_unknown(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "report").write_text("in the way")
    assert opened(ARun(a_patient.state(), facts(case()))) == 3
    assert "cannot be written" in capsys.readouterr().out


def test_paste_for_a_bug_report_names_no_host(capsys: pytest.CaptureFixture[str]) -> None:
    opened(ARun(a_patient.state(), facts(case()), format="env"))
    said = capsys.readouterr().out
    assert said.startswith("host-1:\n")
    assert NAME not in said


def test_wrong_host_data_are_told_and_make_it_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert opened(ARun(a_patient.state(), facts(case()), report_keep="many")) == 3
    assert '"report_keep"' in capsys.readouterr().out


def test_group_is_the_one_that_host_data_name() -> None:
    opened(ARun(a_patient.state(), facts(case()), report_group="h100 nodes"))
    assert set(written()["groups"]) == {"h100 nodes"}


def test_module_that_is_not_loaded_needs_no_look_at_gpus() -> None:
    state = replace(a_patient.state(), driver=replace(a_patient.state().driver, loaded=""))
    run = ARun(state, facts(case()))
    opened(run)
    assert DeviceHealth not in run.asked


def test_inventory_is_the_word_before_the_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drift_opening.inventory() == "inventories/lab.py"
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert drift_opening.inventory() == ""
