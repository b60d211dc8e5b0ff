"""All checks together: what is passed, left out, switched off, and what only follows."""

from __future__ import annotations

import pytest

from facts.measurements_model import Measurements
from facts.model.host import HostState
from stacks.model.host import Gpu
from tasks.acceptance import judge, speed_checks
from tasks.acceptance.judge import judged
from tasks.acceptance.rules import rules
from tasks.acceptance.subject import Subject
from tasks.health.naming import Named
from tasks.hostdata.acceptance import CHECKS
from tests.unit.tasks.acceptance import a_measurement, a_subject
from tests.unit.tasks.acceptance.a_subject import found, seen, subject
from tests.unit.tasks.acceptance.test_device_checks import PLANTED
from tests.unit.tasks.jetson.test_state import board


def test_healthy_host_passes_every_check_and_says_what_proves_it() -> None:
    verdict = judged(subject(expected=(Gpu("h100"),) * 8))
    assert (verdict.level, verdict.observations) == ("OK", ())
    assert verdict.proof == "kernel (all-reduce and training over 8 GPUs, checked)"
    assert {item.check for item in verdict.left_out} == {"container"}
    assert {*verdict.passed} == {judge.DRIVER, *judge.QUICK} - {"container"}


def test_doctor_s_finding_keeps_its_code_and_gets_an_action() -> None:
    named = Named("D24", "CRITICAL", "no Fabric Manager", "none", "start it", needs="reload")
    health = seen(planted={0: {"fabric/state": "In Progress"}})
    verdict = judged(subject(health, named=(named,)))
    assert found(verdict) == [("D24", "CRITICAL", "restart program")]


@pytest.mark.parametrize(("said", "wanted"), PLANTED.values(), ids=PLANTED)
def test_check_that_is_switched_off_finds_nothing_and_says_so(
    said: dict[str, str | None], wanted: tuple[str, str, str]
) -> None:
    planted = subject(seen(planted={0: said}))
    (only,) = judged(planted).observations
    verdict = judged(planted, (only.check,))
    assert found(verdict) == []
    assert ("switched off by verify_skip", only.check) in {
        (item.why, item.check) for item in verdict.left_out
    }


def test_host_without_gpus_has_nothing_to_pass() -> None:
    bare: HostState = a_subject.state(0)
    health = seen(0, why="the module nvidia is not loaded", selftest=None)
    verdict = judged(Subject(bare, subject().evidence, health))
    assert not {"ecc", "kernel", "cuda", "count"} & {*verdict.passed}


def test_names_of_checks_are_those_of_host_data_and_of_the_rules() -> None:
    assert judge.NAMES == CHECKS
    assert {rule.check for rule in rules().values()} <= {*judge.NAMES}


@pytest.mark.parametrize("right", [True, False])
def test_jetson_is_proven_by_its_selftest_alone(right: bool) -> None:
    told = a_subject.selftest(collective={"backend": "gloo", "world": 2}, torch={"computed": right})
    health = seen(0, why="a Jetson's nvidia-smi tells none of it", selftest=told)
    verdict = judged(Subject(board(), subject().evidence, health))
    assert verdict.proof == ("kernel (a sum on the GPU, checked)" if right else verdict.proof)
    assert ("kernel" in verdict.passed) == right
    assert (verdict.level == "OK") == right


NOTHING = [
    Measurements(why="there is no program"),
    Measurements(),
    a_measurement.told(tiny=True),
]


@pytest.mark.parametrize("told", NOTHING)
def test_what_was_not_measured_passes_no_check(told: Measurements) -> None:
    verdict = judged(subject(), (), tuple(speed_checks.measured(subject(), told)))
    assert not {"speed", "results", "together"} & {*verdict.passed}


def test_what_was_measured_passes_each_check_that_it_says_something_of() -> None:
    lines = [line for line in a_measurement.rows(8) if line.get("nvls") is not False]
    told = a_measurement.measurements(a_measurement.printed(lines))
    verdict = judged(subject(), (), tuple(speed_checks.measured(subject(), told)))
    assert {*judge.MEASURED} <= {*verdict.passed}
    one = a_measurement.measurements(a_measurement.printed(a_measurement.rows(1)))
    verdict = judged(
        subject(seen(1), 1), (), tuple(speed_checks.measured(subject(seen(1), 1), one))
    )
    assert {"speed", "results"} <= {*verdict.passed}
    assert "together" not in verdict.passed
