"""Measured values against limits, spec and each other: both sides of each, and what has none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.measurements_model import Measure, Measurements
from stacks.catalog.thresholds import Limit, thresholds
from tasks.acceptance import speed_checks
from tasks.acceptance.rules import Fault, LeftOut, observation
from tasks.acceptance.subject import Subject
from tests.unit.tasks.acceptance import a_measurement, a_subject
from tests.unit.tasks.acceptance.a_measurement import Planted
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, seen, subject

LIMITS = [
    (key, model.pci[0], row) for key, model in thresholds().models.items() for row in model.limits
]


def found(told: Measurements, of: Subject | None = None) -> list[tuple[str, str, str, str]]:
    """Code, level, action and card of every fault."""
    faults = [f for f in speed_checks.measured(of or subject(), told) if isinstance(f, Fault)]
    seen = [observation(fault) for fault in faults]
    return [(o.code, o.level, o.action, o.gpu) for o in seen]


def healthy(planted: Planted | None = None) -> list[tuple[str, str, str, str]]:
    """Faults of the H100 host, without the ring all-reduce that has no reference."""
    without = a_measurement.rows(8, planted)
    lines = [line for line in without if line.get("nvls") is not False]
    return found(a_measurement.measurements(a_measurement.printed(lines)))


def test_host_that_measures_its_references_has_no_fault() -> None:
    assert healthy() == []


def one_card(device: str, generation: int = 5) -> Subject:
    """A host with this one card."""
    said: dict[str, str | None] = {
        "pci/pci_device_id": f"{device.upper()}10DE",
        "pci/pci_gpu_link_info/pcie_gen/max_link_gen": str(generation),
    }
    return subject(seen(1, {0: said}), 1, state=a_subject.state(1, device))


@pytest.mark.parametrize(
    ("pci", "row"),
    [(pci, row) for _, pci, row in LIMITS],
    ids=[f"{key}-{row.metric}-{row.gpus or ''}{row.nvls or ''}" for key, _, row in LIMITS],
)
def test_each_limit_says_nothing_above_it_and_something_below(pci: str, row: Limit) -> None:
    host = one_card(pci)
    how = "together" if row.gpus else "alone"

    def levels(value: float) -> list[str]:
        one = Measure(
            row.metric, value, ADDRESSES[0], 0, how, gpus=row.gpus, nvls=row.nvls, straight=True
        )
        reading = speed_checks.Reading(one, host.devices[0])
        faults = speed_checks._speed(host, reading)
        return [observation(f).level for f in faults if isinstance(f, Fault)]

    assert levels(row.reference) == []
    assert levels(row.warn) == []
    assert levels(row.warn - 0.1) == ["WARN"]
    assert levels(row.fail) == ["WARN"]
    assert levels(row.fail - 0.1) == ["CRITICAL"]


@pytest.mark.parametrize("generation", ["3", "4", "5"])
@pytest.mark.parametrize("metric", ["h2d_bandwidth", "d2h_bandwidth"])
@pytest.mark.parametrize("lanes", [16, 8])
def test_copies_are_held_against_generation_and_lanes(
    generation: str, metric: str, lanes: int
) -> None:
    link = thresholds().links[generation]
    row = link.h2d if metric == "h2d_bandwidth" else link.d2h
    host = one_card("2331", int(generation))
    card = replace(host.devices[0], pcie_width_max=lanes)
    host = replace(host, health=replace(host.health, devices=(card,)))

    def levels(value: float) -> list[str]:
        reading = speed_checks.Reading(Measure(metric, value, ADDRESSES[0]), card)
        faults = speed_checks._speed(host, reading)
        return [observation(f).level for f in faults if isinstance(f, Fault)]

    share = lanes / 16
    assert levels(row.warn * share) == []
    assert levels(row.warn * share - 0.01) == ["WARN"]
    assert levels(row.fail * share - 0.01) == ["CRITICAL"]


def test_slow_card_is_named_with_value_limit_source_and_who_disagrees() -> None:
    planted: Planted = {(3, "hbm_bandwidth", "alone"): {"value": 2100.0}}
    faults = [*speed_checks.measured(subject(), a_measurement.told(8, planted))]
    slow = next(f for f in faults if isinstance(f, Fault) and f.code == "GPU-SLOW")
    told = observation(slow)
    assert (told.gpu, told.level, told.action) == (ADDRESSES[3], "CRITICAL", "isolate")
    assert "2100 GB/s (spread 1%; 1980 MHz; 650 W; 60 degrees)" in told.observed
    assert told.limit == "2177.2 GB/s, mostly 2903"
    assert "3 readings" in told.source and "Azure" in told.source
    assert "fails below 1905" in told.disagree and "DCGM" in told.disagree


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1.02 * 3350, []),
        (1.02 * 3350 + 1, [("GPU-MEASUREMENT", "UNKNOWN", "repeat", ADDRESSES[0])]),
    ],
)
def test_bandwidth_of_a_cache_is_a_fault_of_the_measurement(
    value: float, wanted: list[tuple[str, str, str, str]]
) -> None:
    said = {"value": value}
    planted: Planted = {(0, "hbm_bandwidth", how): said for how in ("alone", "together")}
    assert set(healthy(planted)) == set(wanted)


@pytest.mark.parametrize("how", ["alone", "together"])
@pytest.mark.parametrize("metric", a_measurement.H100)
def test_wrong_result_is_a_card_to_replace_whatever_its_speed(metric: str, how: str) -> None:
    planted: Planted = {(5, metric, how): {"right": False, "off": 0.5, "allowed": 0.1}}
    assert healthy(planted) == [("GPU-WRONG", "CRITICAL", "replace", ADDRESSES[5])]


def test_result_that_is_no_number_is_wrong_and_readable() -> None:
    line = '{"metric": "matmul_fp16", "value": 1, "right": false, "off": NaN, "allowed": 0.1}'
    told = a_measurement.measurements([*a_measurement.printed([]), a_measurement.MARK + line])
    assert "GPU-WRONG" in {code for code, *_ in found(told)}


@pytest.mark.parametrize(
    ("share", "wanted"),
    [(0.91, []), (0.89, [("GPU-CROWDED", "WARN", "isolate", ADDRESSES[2])])],
)
def test_card_that_is_slower_beside_the_others_is_named(
    share: float, wanted: list[tuple[str, str, str, str]]
) -> None:
    planted: Planted = {(2, "matmul_bf16", "together"): {"value": 794.0 * share}}
    assert healthy(planted) == wanted


def test_copies_may_be_slower_when_all_copy() -> None:
    planted: Planted = {(n, "h2d_bandwidth", "together"): {"value": 20.0} for n in range(8)}
    assert healthy(planted) == []


def test_all_reduce_is_held_against_what_it_was_done_with() -> None:
    slow: Planted = {(8, "allreduce_busbw", "nvls"): {"value": 360.0}}
    assert healthy(slow) == [("GPU-SLOW", "CRITICAL", "isolate", "")]


def test_ring_without_a_reference_says_so_and_is_not_ok() -> None:
    assert found(a_measurement.told()) == [("GPU-NO-REFERENCE", "WARN", "none", "")]


@pytest.mark.parametrize("value", [0.1, 1e6])
def test_unknown_card_is_never_ok_by_silence(value: float) -> None:
    lines = a_measurement.rows(1, {(0, m, "alone"): {"value": value} for m in a_measurement.H100})
    told = a_measurement.measurements(a_measurement.printed(lines))
    codes = {code for code, *_ in found(told, one_card("ffff"))}
    assert "GPU-NO-REFERENCE" in codes


def test_slice_of_a_card_has_no_reference() -> None:
    health = seen(1, {0: {"mig_mode/current_mig": "Enabled"}})
    lines = a_measurement.rows(1, {(0, "hbm_bandwidth", "alone"): {"value": 400.0}})
    told = a_measurement.measurements(a_measurement.printed(lines))
    assert found(told, subject(health, 1)) == [("GPU-NO-REFERENCE", "WARN", "none", "")]


LACKING: list[tuple[dict[str, Any], str]] = [
    ({"value": None}, "no value"),
    ({"value": None, "why": "OutOfMemoryError"}, "OutOfMemory"),
    ({"value": "fast"}, "no value"),
    ({"value": -1}, "no value"),
    ({"value": float("inf")}, "no value"),
    ({"value": True}, "no value"),
]


@pytest.mark.parametrize(("said", "word"), LACKING)
def test_value_that_is_missing_or_nonsense_is_told(said: dict[str, Any], word: str) -> None:
    planted: Planted = {(4, "h2d_bandwidth", how): said for how in ("alone", "together")}
    codes = {code for code, _, _, gpu in healthy(planted) if gpu == ADDRESSES[4]}
    assert codes == {"GPU-UNMEASURED"}
    faults = speed_checks.measured(subject(), a_measurement.told(8, planted))
    assert any(isinstance(f, Fault) and word in f.observed for f in faults)


def test_card_that_was_not_measured_at_all_is_named() -> None:
    told = a_measurement.told(7)
    assert ("GPU-UNMEASURED", "UNKNOWN", "repeat", ADDRESSES[7]) in found(told)


def test_type_that_a_card_has_not_is_left_out_and_compared_with_nothing() -> None:
    lines = a_measurement.rows(1)
    lines[-1] = {"metric": "matmul_bf16", "unsupported": "no bf16", "index": 0, "how": "alone"}
    told = a_measurement.measurements(a_measurement.printed(lines))
    left = [i for i in speed_checks.measured(subject(seen(1), 1), told) if isinstance(i, LeftOut)]
    assert any("no bf16" in item.why for item in left)


@pytest.mark.parametrize("told", [Measurements(why="there is none"), a_measurement.told(gpus=0)])
def test_program_that_gives_nothing_is_never_ok(told: Measurements) -> None:
    if told.measures:
        told = replace(told, measures=())
    assert {code for code, *_ in found(told)} == {"GPU-UNMEASURED"}


def test_sizes_of_a_test_judge_nothing() -> None:
    assert found(a_measurement.told(tiny=True)) == []


def test_values_without_an_address_go_by_number_where_the_cards_are_alike() -> None:
    lines = [{**line, "gpu": None} for line in a_measurement.rows(8)]
    lines = [line for line in lines if line.get("nvls") is not False]
    assert found(a_measurement.measurements(a_measurement.printed(lines))) == []
