"""Lines of the measuring program, as they should be and as no program should print them."""

from __future__ import annotations

import pytest

from facts.parse.measurements import MARK, MOST_LINES, measurements
from tests.unit.tasks.acceptance.a_measurement import BESIDE, printed, told


def test_lines_of_a_program_are_values_with_what_stood_beside_them() -> None:
    found = told(8)
    assert (found.torch, found.gpus, found.tiny, found.why) == ("2.9.1+cu128", 8, False, None)
    first = found.measures[0]
    assert (first.metric, first.value, first.gpu, first.how) == (
        "hbm_bandwidth",
        2903.0,
        "0000:10:00.0",
        "alone",
    )
    assert (first.sm_clock_mhz, first.power_w) == (BESIDE["sm_clock_mhz"], BESIDE["power_w"])


STRANGE = [
    "no JSON",
    "[1]",
    "3",
    '{"metric": 7}',
    '{"value": 3}',
    '{"metric": "x", "value": 1e400, "gpu": 3, "reasons": "hot", "right": "yes"}',
    '{"metric": "x", "value": [], "index": -1, "gpus": 99999999999}',
    "[" * 2000 + "]" * 2000,
]


@pytest.mark.parametrize("line", STRANGE)
def test_strange_line_is_no_value_and_stops_none_of_the_others(line: str) -> None:
    found = measurements([*printed([]), MARK + line, *printed([{"metric": "y", "value": 2}])])
    assert found.measures[-1].value == 2
    assert all(m.value is None and m.right is None for m in found.measures[:-1])


def test_lines_are_bounded() -> None:
    lines = printed([{"metric": "y", "value": 2}] * (MOST_LINES + 500))
    assert len(measurements(lines).measures) < MOST_LINES
    long = MARK + '{"metric": "' + "y" * 5000 + '"}'
    assert measurements([long]).measures == ()


def test_why_is_kept_and_the_end_of_a_program_that_failed() -> None:
    assert (
        measurements(printed([{"why": "torch sees no GPU here"}])).why == "torch sees no GPU here"
    )
    assert measurements([], "no answer within 300 s").why == "no answer within 300 s"
