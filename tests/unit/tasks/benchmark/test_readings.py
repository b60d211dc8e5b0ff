"""Lines of a host → values, within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.benchmark.readings import MARK, MOST_LINES, reading


def line(**said: Any) -> str:
    """As a program prints it."""
    return MARK + json.dumps(said)


def test_values_losses_conditions_and_what_may_differ_are_read() -> None:
    found = reading(
        [
            "noise of a library",
            line(tiny=False, load=0.5),
            line(same={"torch": "2.9.1", "NCCL": 3}),
            line(metric="resnet50_train", value=1200.5, right=True, loss=6.5),
            line(metric="collective_share", left_out="one GPU adds nothing up"),
        ]
    )
    assert found.values == {"resnet50_train": 1200.5}
    assert found.losses == {"resnet50_train": 6.5}
    assert (found.tiny, found.load, found.same) == (False, 0.5, {"torch": "2.9.1"})
    assert found.left_out == {"collective_share": "one GPU adds nothing up"}
    assert (found.wrong, found.faults) == ((), ())


@pytest.mark.parametrize("right", [False, None, "yes"])
def test_result_that_is_not_said_to_be_right_is_wrong(right: Any) -> None:
    assert reading([line(metric="loading", value=1, right=right)]).wrong == ("loading",)


@pytest.mark.parametrize("value", [None, "12", True, -1, 1e12, [1], float("nan"), float("inf")])
def test_value_that_is_no_number_is_a_fault_and_no_value(value: Any) -> None:
    found = reading([line(metric="bert_step", value=value, right=True)])
    assert found.values == {}
    assert found.faults == ("bert_step: its value is no number",)


def test_what_went_wrong_is_told_in_the_program_s_words() -> None:
    found = reading([line(part="work", why="OutOfMemoryError: x"), line(metric="a", why="no GPU")])
    assert found.faults == ("work: OutOfMemoryError: x", "a: no GPU")


@pytest.mark.parametrize(
    "text",
    [
        MARK + "{",
        MARK + "[1]",
        MARK + "[" * 100_000,
        MARK + json.dumps({"metric": "unheard of", "value": 1}),
        MARK + json.dumps({"metric": ["bert_step"], "value": 1}),
        MARK + json.dumps({"same": [1], "metric": 7}),
        MARK + json.dumps({"metric": "bert_step", "value": 1, "x": "y" * 300_000}),
    ],
)
def test_line_of_another_kind_is_passed_over(text: str) -> None:
    assert reading([text]).values == {}


def test_host_that_prints_for_ever_is_read_to_a_limit() -> None:
    lines = [line(part="x", why="y")] * (10 * MOST_LINES)
    assert len(reading(lines).faults) == MOST_LINES


def test_control_characters_are_made_plain_and_long_words_are_cut() -> None:
    found = reading([line(same={"kernel": "6.1\u001b[2J" + "x" * 900})])
    assert "\x1b" not in found.same["kernel"] and len(found.same["kernel"]) == 300
