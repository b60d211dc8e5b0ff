"""What is noted on a host, and when a gate may go by it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from facts.acceptance_note import FILE, AcceptanceNote
from tasks.acceptance import noted
from tasks.acceptance.judge import judged
from tasks.hostdata.acceptance import GateSettings
from tasks.layout import ACCEPTANCE
from tasks.steps.record import AcceptanceRecord, as_data, read
from tests.unit.tasks.acceptance import a_measurement, a_subject
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, seen, subject

AT = "2026-11-30T12:00:00Z"
NOW = 1796040000.0
"""The same in seconds."""
GOOD = AcceptanceRecord(version=1, level="quick", at=AT, verdict="OK", codes=(), tool="gpuwright")


def record(**changes: Any) -> dict[str, Any]:
    host = subject(seen(8, {2: {"remapped_rows/remapped_row_failure": "Yes"}}))
    made = noted.record("quick", AT, host, judged(host), **changes)
    return as_data(made)


def test_keys_are_those_that_others_read() -> None:
    told = record(plan="3f2a" * 16)
    assert sorted(told) == ["at", "codes", "level", "readings", "tool", "verdict", "version"]
    assert (told["version"], told["at"], told["verdict"]) == (1, AT, "CRITICAL")
    assert told["codes"] == [
        {"code": "GPU-ROW-FAILURE", "device": ADDRESSES[2], "status": "CRITICAL"}
    ]
    assert told["tool"].startswith("gpuwright ") and told["tool"].endswith(", plan 3f2a3f2a3f2a")


def test_readings_are_by_device_and_metric_with_their_unit() -> None:
    told = record(measured=a_measurement.told(8))["readings"]
    rows = {(r["device"], r["metric"]): (r["value"], r["unit"]) for r in told}
    assert rows[ADDRESSES[3], "temperature under load"] == (60, "degrees")
    assert rows[ADDRESSES[3], "hbm_bandwidth alone"] == (2903.0, "GB/s")
    assert rows["", "allreduce_busbw together over 8 GPUs, NVLS"] == (478.9, "GB/s")
    assert len(rows) == len(told)


def test_tiny_sizes_of_a_test_are_no_readings() -> None:
    told = record(measured=a_measurement.told(8, tiny=True))["readings"]
    assert {r["unit"] for r in told} == {"degrees"}


def test_what_is_written_is_read_again_by_the_fact() -> None:
    text = json.dumps(record(), indent=2)
    said = AcceptanceNote().process(
        ["##gpuwright-note", *text.splitlines(), "##gpuwright-note-end"]
    )
    assert as_data(read(AcceptanceRecord, said["noted"])) == record()
    assert FILE == ACCEPTANCE


DAY = GateSettings("quick")
STANDARD = GateSettings("standard")


@pytest.mark.parametrize(
    ("changes", "gate", "now", "word"),
    [
        ({}, DAY, NOW + 60, ""),
        ({"verdict": "WARN"}, DAY, NOW + 60, ""),
        ({"verdict": "CRITICAL"}, DAY, NOW + 60, "the verdict was CRITICAL"),
        ({"verdict": "UNKNOWN"}, DAY, NOW + 60, "the verdict was UNKNOWN"),
        ({"verdict": "fine"}, DAY, NOW + 60, "the verdict was fine"),
        ({}, DAY, NOW + 24 * 3600, ""),
        ({}, DAY, NOW + 24 * 3600 + 1, "longer ago than gate_age allows"),
        ({}, GateSettings("quick", 60), NOW + 61, "longer ago"),
        ({}, STANDARD, NOW + 60, "level quick, and standard is asked for"),
        ({"level": "standard"}, STANDARD, NOW + 60, ""),
        ({"level": "standard"}, DAY, NOW + 60, ""),
        ({"level": "burn-in"}, STANDARD, NOW + 60, ""),
        ({"level": "all"}, DAY, NOW + 60, "level all"),
        ({}, DAY, NOW - 300, ""),
        ({}, DAY, NOW - 301, "in the future"),
        ({"at": "yesterday"}, DAY, NOW + 60, "cannot be read"),
        ({"at": ""}, DAY, NOW + 60, "cannot be read"),
        ({"version": 2}, DAY, NOW + 60, "cannot be read"),
    ],
)
def test_gate_opens_to_a_fresh_pass_of_its_level_alone(
    changes: dict[str, Any], gate: GateSettings, now: float, word: str
) -> None:
    why = noted.why_closed(replace(GOOD, **changes), gate, now)
    assert (word in why) if word else not why


@pytest.mark.parametrize(
    ("changed", "closed"),
    [("2026-11-30T11:59:59Z", False), ("2026-11-30T12:00:01Z", True), ("", False), ("x", False)],
)
def test_host_that_was_set_up_since_is_verified_again(changed: str, closed: bool) -> None:
    assert bool(noted.why_closed(GOOD, DAY, NOW + 60, changed)) == closed


@pytest.mark.parametrize(
    "said",
    [None, {}, {"version": "1"}, {"verdict": ["OK"], "version": 1, "level": "quick", "at": AT}],
)
def test_note_that_cannot_be_read_opens_no_gate(said: dict[str, Any] | None) -> None:
    assert "never verified" in noted.why_closed(read(AcceptanceRecord, said), DAY, NOW + 60)


def test_healthy_host_notes_no_code() -> None:
    host = a_subject.subject()
    assert as_data(noted.record("quick", AT, host, judged(host)))["codes"] == []
