"""What clocks did while cards were measured: both sides of each rule, and nothing said twice."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.acceptance import speed_checks
from tasks.acceptance.judge import Verdict, judged
from tasks.acceptance.subject import Subject
from tests.unit.tasks.acceptance import a_measurement
from tests.unit.tasks.acceptance.a_measurement import Planted
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, found, seen, subject

AT = (3, "matmul_bf16", "together")
HEAT = ["hw_slowdown", "hw_thermal_slowdown"]


def verdict(planted: Planted, of: Subject | None = None, *skip: str) -> Verdict:
    """Of eight H100 that measure well, with this planted, without the ring of no reference."""
    lines = [row for row in a_measurement.rows(8, planted) if row.get("nvls") is not False]
    told = a_measurement.measurements(a_measurement.printed(lines))
    host = of or subject()
    return judged(host, skip, tuple(speed_checks.measured(host, told)))


PLANTED: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "heat": ({"reasons": HEAT}, ("GPU-THROTTLED", "CRITICAL", "isolate")),
    "power brake": (
        {"reasons": ["hw_power_brake_slowdown"]},
        ("GPU-THROTTLED", "CRITICAL", "isolate"),
    ),
    "heat, by the driver": (
        {"reasons": ["sw_thermal_slowdown", "sw_power_cap"]},
        ("GPU-CLOCKS", "WARN", "set"),
    ),
    "low": ({"sm_clock_mhz": 1385}, ("GPU-CLOCKS", "WARN", "set")),
}


@pytest.mark.parametrize(("said", "wanted"), PLANTED.values(), ids=PLANTED)
def test_fault_that_shows_while_measuring_is_found_at_its_card_and_no_other(
    said: dict[str, Any], wanted: tuple[str, str, str]
) -> None:
    seen_ = verdict({AT: {**said, "temperature_c": 88}})
    assert found(seen_) == [wanted]
    (only,) = seen_.observations
    assert (only.gpu, only.check) == (ADDRESSES[3], "throttle")
    assert "throttle" not in seen_.passed and "speed" in seen_.passed


GOOD: dict[str, tuple[tuple[int, str, str], dict[str, Any]]] = {
    "at 70 percent": (AT, {"sm_clock_mhz": 1386}),
    "power cap": (AT, {"sm_clock_mhz": 900, "reasons": ["sw_power_cap"]}),
    "a copy needs no clock": ((3, "hbm_bandwidth", "alone"), {"sm_clock_mhz": 345}),
}


@pytest.mark.parametrize(("at", "said"), GOOD.values(), ids=GOOD)
def test_what_is_on_the_good_side_is_no_fault(
    at: tuple[int, str, str], said: dict[str, Any]
) -> None:
    seen_ = verdict({at: said})
    assert found(seen_) == [] and "throttle" in seen_.passed


def test_slow_for_heat_is_told_with_its_reason_and_not_as_a_low_clock_too() -> None:
    hot = verdict({AT: {"sm_clock_mhz": 900, "reasons": HEAT, "temperature_c": 91}})
    assert [o.observed for o in hot.observations] == [
        "hw_slowdown, hw_thermal_slowdown, while it was measured; 91 degrees"
    ]


def test_what_quick_has_said_of_a_card_is_not_said_twice() -> None:
    hot = subject(seen(planted={3: {"clocks_event_reasons": " ".join(HEAT)}}))
    twice = verdict({AT: {"sm_clock_mhz": 900, "reasons": HEAT}}, hot)
    assert found(twice) == [("GPU-THROTTLED", "CRITICAL", "isolate")]
    locked = subject(seen(planted={3: {"clocks_event_reasons": "applications_clocks_setting"}}))
    low = verdict({AT: {"sm_clock_mhz": 900}}, locked)
    assert found(low) == [("GPU-CLOCKS", "WARN", "set")]
    worse = verdict({AT: {"reasons": HEAT}}, locked)
    assert {code for code, *_ in found(worse)} == {"GPU-CLOCKS", "GPU-THROTTLED"}


def test_card_whose_clock_was_not_told_has_not_passed() -> None:
    without: Planted = {
        (3, metric, how): {"sm_clock_mhz": None}
        for metric in a_measurement.H100
        for how in ("alone", "together")
    }
    seen_ = verdict(without)
    assert "throttle" not in seen_.passed
    assert [i.why for i in seen_.left_out if i.check == "throttle"] == [
        f"{ADDRESSES[3]}: no clock was told while it was measured"
    ]


def test_check_that_is_switched_off_says_nothing_of_clocks() -> None:
    assert found(verdict({AT: {"reasons": HEAT}}, None, "throttle")) == []
