"""The file of a burn-in, as it should be and as no program should write it."""

from __future__ import annotations

from typing import Any

import pytest

from facts.burn_in_model import BurnIn, Products, Span
from facts.parse.burn_in import burn_in
from tests.unit.tasks.acceptance import a_burn_in


def test_file_is_values() -> None:
    found = a_burn_in.told()
    assert (found.found, found.ended, found.asked_s, len(found.devices)) == (True, "done", 14400, 8)
    first = found.devices[0]
    assert (first.pci, first.passes, first.temperature) == ("0000:10:00.0", 200, Span(34, 71, 70))
    assert Products("bf16", 90000, 690.0, 700.0) in first.products
    assert first.reasons == (("sw_power_cap", 1300),)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '{"version": true}', "[" * 3000, "gpu1 says hello"]
)
def test_what_is_no_such_file_is_no_result(text: str) -> None:
    assert burn_in(True, text) == BurnIn(True)


STRANGE: list[dict[str, Any]] = [
    {"devices": None},
    {"devices": [3, None, {"device": 7}, {}]},
    {"asked_s": 1e400},
    {"ran_s": float("nan"), "at": True},
    {"why": ["a"], "ended": {"a": 1}},
    {"devices": [a_burn_in.device(0)] * 5000},
]


@pytest.mark.parametrize("changes", STRANGE)
def test_strange_field_is_left_out(changes: dict[str, Any]) -> None:
    found = a_burn_in.told(**changes)
    assert found.found and len(found.devices) <= 64
    assert found.asked_s in (0.0, 14400.0) and found.ran_s in (0.0, 14412.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("passes", -1),
        ("passes", "many"),
        ("passes", 10**400),
        ("pci", "../../etc"),
        ("temperature", {"least": 3}),
        ("temperature", [1, 2, 3]),
        ("products", {"fp32": 7, "fp16": {"count": 1.5}}),
        ("reasons", {"hot": "often"}),
        ("samples", None),
    ],
)
def test_strange_field_of_a_gpu_leaves_the_others(field: str, value: object) -> None:
    (device,) = a_burn_in.told({0: {field: value}}, count=1).devices
    assert not getattr(device, field)
    assert device.clock == Span(1755, 1980, 1800)
