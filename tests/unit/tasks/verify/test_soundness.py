"""The verdict and the doctor name the same: what is planned and there, and is not well."""

from __future__ import annotations

import pytest

from tasks.doctor.tree import diagnose
from tasks.finding import Finding
from tasks.health.case import Case
from tasks.verify import soundness
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.ill_hosts import ILL, login

DEPLOY = "deploys/gpu_host.py"
OF_CONTAINERS = {"C1", "C2", "C3", "C4", "C6", "C8"}
UNSAID = soundness.JUDGED_ALREADY | OF_CONTAINERS


def named(case: Case, *found: Finding) -> list[str]:
    return [f.code for f in soundness.with_rules(case, found, DEPLOY)]


def a_finding(code: str, level: str = "WARN") -> Finding:
    return Finding(code, level, "what", "seen", "do")  # type: ignore[arg-type]


def test_healthy_host_has_nothing_to_be_named() -> None:
    assert named(a_patient.case()) == []


@pytest.mark.parametrize("code", sorted(set(ILL) - UNSAID))
def test_what_the_doctor_names_the_verdict_names_with_the_same_level(code: str) -> None:
    for case in ILL[code]:
        doctors = [(f.code, f.level) for f in diagnose(case).findings]
        found = soundness.with_rules(case, (), DEPLOY)
        assert [(f.code, f.level) for f in found] == doctors
        assert all("{" not in f.remedy.replace("${Package}", "") for f in found)


@pytest.mark.parametrize("code", sorted(soundness.JUDGED_ALREADY & set(ILL)))
def test_what_comparison_and_proof_judge_stays_theirs(code: str) -> None:
    for case in ILL[code]:
        assert code not in named(case)
        assert named(case, a_finding(code)) == [code]


def test_a_code_is_said_once_and_as_it_was_found_first() -> None:
    (case, *_) = ILL["D13"]
    assert named(case, a_finding("D13", "CRITICAL")) == ["D13"]


def test_what_a_worse_fault_explains_is_not_said_beside_it() -> None:
    stray = a_finding("STRAY-SETTING")
    assert named(ILL["USER-TORCH"][0], stray) == ["USER-TORCH"]
    assert named(a_patient.case(), stray) == ["STRAY-SETTING"]


def test_torch_that_root_cannot_import_is_not_a_matter_of_logins() -> None:
    case = a_patient.case(login(why="ImportError: no"))
    assert named(case, a_finding("TORCH-IMPORT", "CRITICAL")) == ["TORCH-IMPORT"]


def test_kernels_of_now_and_of_the_next_boot_are_looked_into_once() -> None:
    assert soundness.kernels_to_look_into(a_patient.state()) == (a_host.KERNEL,)
