"""What is said of a burn-in: wrong results, GPUs that were lost, hours that are missing."""

from __future__ import annotations

from typing import Any

import pytest

from facts.burn_in_model import BurnIn
from tasks.acceptance import burn_in_checks
from tasks.acceptance.judge import BURNT, judged
from tests.unit.tasks.acceptance import a_burn_in
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, found, seen, subject


def verdict(told: BurnIn, why: str = "", **changes: Any) -> Any:
    host = subject(**changes)
    return judged(host, (), tuple(burn_in_checks.judged(host, told, why)), BURNT)


def test_burn_in_that_ended_well_passes_and_is_told_gpu_by_gpu() -> None:
    said = verdict(a_burn_in.told())
    assert (said.level, said.observations) == ("OK", ())
    assert "burn-in" in said.passed and "speed" not in said.passed
    lines = list(burn_in_checks.lines(a_burn_in.told()))
    assert lines[0] == "burn-in: 4.00 of 4.00 h, done"
    assert "temperature 34 to 71 degrees" in lines[1] and len(lines) == 9


MEMORY = {"what": "memory", "pattern": "0xaaaaaaaa", "words": 3, "at": 4096}
PRODUCT = {"what": "product", "type": "bf16", "values": 1, "after": 16}
OFF = {"what": "product", "type": "fp16", "off": 1e9, "allowed": 0.03}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (MEMORY, "pattern 0xaaaaaaaa: 3 words differ, the first at byte 4096"),
        (PRODUCT, "product in bf16: 1 values differ"),
        (OFF, "product in fp16: off by 1000000000.0, allowed 0.03"),
        ("yes", "cannot be read"),
        ({}, "product in None"),
    ],
)
def test_wrong_result_is_a_card_to_replace_and_the_only_fault(wrong: object, words: str) -> None:
    others = {n: {"done": False} for n in range(8) if n != 3}
    planted: dict[int, dict[str, Any]] = {3: {"wrong": wrong, "done": False}, **others}
    told = a_burn_in.told(planted, ended="wrong", ran_s=60.0, why="cuda:3: a wrong result")
    said = verdict(told)
    assert found(said) == [("GPU-WRONG", "CRITICAL", "replace")]
    assert said.observations[0].gpu == ADDRESSES[3] and words in said.observations[0].observed
    assert "burn-in" not in said.passed


def test_gpu_that_did_not_go_on_is_named() -> None:
    planted = {5: {"why": "AcceleratorError: CUDA error: unspecified launch failure"}}
    said = verdict(a_burn_in.told(planted, ended="failed", ran_s=900.0))
    assert found(said) == [("GPU-BURN-SHORT", "CRITICAL", "isolate")]
    assert said.observations[0].gpu == ADDRESSES[5]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"ended": "stopped", "why": "somebody stopped it"}, "somebody stopped it"),
        ({"ended": "nothing", "why": "torch sees no GPU here", "devices": []}, "sees no GPU"),
        ({"ended": None}, "no last word"),
        ({"ended": "well"}, "no last word"),
        ({"ran_s": 14000.0}, "14000 of 14400 s"),
        ({"ran_s": "long"}, "0 of 14400 s"),
        ({"version": 2}, "no result"),
    ],
)
def test_hours_that_were_not_run_prove_nothing(changes: dict[str, Any], word: str) -> None:
    said = verdict(a_burn_in.told(**changes))
    assert ("GPU-BURN-SHORT", "UNKNOWN", "repeat") in found(said)
    assert any(word in o.observed for o in said.observations)
    assert "burn-in" not in said.passed and said.level == "UNKNOWN"


def test_ninety_nine_percent_of_the_time_is_all_of_it() -> None:
    assert verdict(a_burn_in.told(ran_s=14256.0)).level == "OK"
    assert verdict(a_burn_in.told(ran_s=14255.0)).level == "UNKNOWN"


@pytest.mark.parametrize("bad", [{"passes": 0}, {"products": {}}, {"products": "many"}])
def test_gpu_on_which_nothing_was_done_has_not_passed(bad: dict[str, Any]) -> None:
    said = verdict(a_burn_in.told({2: bad}))
    assert found(said) == [("GPU-BURN-SHORT", "UNKNOWN", "repeat")]
    assert said.observations[0].gpu == ADDRESSES[2]


def test_gpu_that_was_not_loaded_is_missed() -> None:
    said = verdict(a_burn_in.told(count=7))
    assert found(said) == [("GPU-BURN-SHORT", "UNKNOWN", "repeat")]
    assert said.observations[0].limit == "8 GPUs"


def test_slices_of_a_card_are_left_out_and_not_missed() -> None:
    cut = seen(8, {0: {"mig_mode/current_mig": "Enabled"}})
    said = verdict(a_burn_in.told(count=1), health=cut)
    assert "GPU-BURN-SHORT" not in {o.code for o in said.observations}
    assert "burn-in" in {item.check for item in said.left_out}


@pytest.mark.parametrize(("reason", "bad"), [("hw_thermal_slowdown", True), ("gpu_idle", False)])
def test_heat_over_the_hours_is_told_with_its_share(reason: str, bad: bool) -> None:
    said = verdict(a_burn_in.told({1: {"reasons": {reason: 30}}}))
    assert [o.code for o in said.observations] == (["GPU-THROTTLED"] if bad else [])
    if bad:
        assert said.observations[0].observed == f"{reason} in 30 of 1440 samples"


def test_no_result_is_never_ok() -> None:
    said = verdict(BurnIn(), "the GPUs are in use by python3 (7): measure when they are free")
    assert found(said) == [("GPU-BURN-SHORT", "UNKNOWN", "repeat")]


def test_tiny_sizes_of_a_test_judge_nothing() -> None:
    said = verdict(a_burn_in.told(tiny=True))
    assert said.observations == () and "burn-in" not in said.passed
    assert list(burn_in_checks.readings(a_burn_in.told(tiny=True))) == []


def test_readings_have_the_span_of_each_sensor() -> None:
    told = list(burn_in_checks.readings(a_burn_in.told(count=1)))
    assert {(r.metric, r.value, r.unit) for r in told} >= {
        ("temperature in burn-in, most", 71.0, "degrees"),
        ("clock in burn-in, least", 1755.0, "MHz"),
        ("matmul_bf16 in burn-in, least", 690.0, "TFLOP/s"),
    }
    assert {r.device for r in told} == {ADDRESSES[0]}
