"""What a level reads of a host: each part within what is left of its time, nothing beside work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api.host import Host

from facts.burn_in_model import BurnIn
from facts.cuda_call import CudaCall
from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm
from facts.device_health import DeviceHealth
from facts.evidence import HostEvidence
from facts.evidence_model import Holder
from facts.host import HostProbe
from facts.measurements import SpeedMeasurements
from tasks.acceptance import burn_in, look
from tasks.acceptance.look import Read
from tasks.hostdata.acceptance import acceptance_settings
from tasks.layout import ENVS
from tasks.steps.step import this_host
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_run import ARun, Facts
from tests.unit.tasks.acceptance import a_measurement, a_subject


class ATimedRun(ARun):
    """A run on which each look takes its time."""

    def __init__(self, takes: dict[Any, float], holders: tuple[Holder, ...] = (), **data: Any):
        self.now, self.takes = 0.0, takes
        self.given: dict[Any, dict[str, Any]] = {}
        facts: Facts = {
            HostEvidence: replace(a_patient.EVIDENCE, holders=holders),
            CudaCall: a_subject.call(8),
            DeviceHealth: a_subject.seen(8),
            SpeedMeasurements: a_measurement.told(8),
            DcgmDiagnosis: Dcgm(True, (), "4.4.1"),
        }
        super().__init__(a_subject.state(8), facts, **data)

    def _told(self, fact: Any, *words: Any, **said: Any) -> Any:
        self.given[fact] = said
        self.now += self.takes.get(fact, 0.0)
        return super()._told(fact, *words, **said)


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ATimedRun]]:
    """The run whose time counts."""
    runs: list[ATimedRun] = []
    known = look.Deadline
    monkeypatch.setattr(look, "Deadline", lambda s: known(s, lambda: runs[0].now))
    yield runs


def looked(run: ATimedRun) -> Read:
    host: Host = run.host
    found = run.prepared(lambda: look.looked(this_host(), acceptance_settings(host.data)))
    assert found is not None
    return found


def test_quick_gives_each_part_what_is_left_of_a_minute(clocked: list[ATimedRun]) -> None:
    clocked.append(run := ATimedRun({HostEvidence: 8, CudaCall: 15}))
    looked(run)
    assert run.given[CudaCall] == {"seconds": 15}
    assert run.given[DeviceHealth] == {"seconds": 40, "within": 37}
    assert SpeedMeasurements not in run.given and DcgmDiagnosis not in run.given


def test_standard_measures_with_what_is_left_and_asks_dcgm_with_the_rest(
    clocked: list[ATimedRun],
) -> None:
    clocked.append(run := ATimedRun({DeviceHealth: 30, SpeedMeasurements: 90}, level="standard"))
    looked(run)
    assert run.given[SpeedMeasurements] == {"seconds": 270}
    assert run.given[DcgmDiagnosis] == {"seconds": 180}


def test_what_no_time_is_left_for_is_left_out_and_told(clocked: list[ATimedRun]) -> None:
    clocked.append(run := ATimedRun({DeviceHealth: 30, SpeedMeasurements: 200}, level="standard"))
    found = looked(run)
    assert DcgmDiagnosis not in run.given
    assert found.dcgm is not None and found.dcgm.why == (
        "no time was left within 300 s (host data verify_limit)"
    )
    clocked[0] = run = ATimedRun({DeviceHealth: 260}, level="standard")
    told = looked(run).measured
    assert told is not None and told.why == found.dcgm.why
    assert SpeedMeasurements not in run.given


def test_who_gives_more_time_gets_dcgm_as_well(clocked: list[ATimedRun]) -> None:
    takes = {DeviceHealth: 30.0, SpeedMeasurements: 200.0}
    clocked.append(run := ATimedRun(takes, level="standard", verify_limit=600))
    looked(run)
    assert run.given[SpeedMeasurements] == {"seconds": 570}
    assert run.given[DcgmDiagnosis] == {"seconds": 370}


def test_gpus_that_somebody_uses_are_not_loaded(clocked: list[ATimedRun]) -> None:
    users = (Holder(7, "python3", None), Holder(9, "nv-hostengine", None))
    clocked.append(run := ATimedRun({}, users, level="standard"))
    found = looked(run)
    assert found.measured is not None and found.measured.why == (
        "the GPUs are in use by python3 (7): measure when they are free"
    )
    assert DcgmDiagnosis not in run.given


def test_checks_that_are_switched_off_take_no_time(clocked: list[ATimedRun]) -> None:
    skip = "kernel,speed,results,together,siblings,dcgm,container"
    clocked.append(run := ATimedRun({}, level="standard", verify_skip=skip))
    looked(run)
    assert run.given[DeviceHealth]["seconds"] == 0
    assert SpeedMeasurements not in run.given and DcgmDiagnosis not in run.given


@pytest.mark.parametrize("env", [None, f"{ENVS}/pytorch-2.9-0123"])
def test_burn_in_leaves_no_folder_on_a_host_that_could_not_run_it(
    env: str | None, clocked: list[ATimedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of jobs would pass for an earlier release's, whose first changes nobody noted."""
    asked: list[str] = []

    def burnt(host: Host, length_s: int, busy: str, dry: bool) -> tuple[BurnIn, str]:
        asked.append(busy)
        return BurnIn(), busy

    monkeypatch.setattr(burn_in, "burnt", burnt)
    clocked.append(run := ATimedRun({}, level="burn-in"))
    run.answers[HostProbe] = replace(run.answers[HostProbe], current_venv=env)
    assert looked(run).burn_why == asked[0]
    assert (asked == [""]) == (env is not None)
