"""A benchmark's outcome in words: what differs first, then figures, then sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tasks.benchmark import words
from tasks.benchmark.metrics import BY_NAME
from tasks.benchmark.outcome import outcome
from tests.unit.tasks.benchmark.a_benchmark import SAME, measured, row, side

OTHER = {**SAME, "NCCL": "2.27.3", "process Seccomp": "2"}


def told(**changes: Any) -> str:
    return words.text("gpu1", outcome(measured(side(), side(seed=50, **changes), (SAME, OTHER))))


def test_what_differs_is_told_before_any_figure() -> None:
    said = told()
    assert said.index("NCCL: nothing | 2.27.3") < said.index("figures:") < said.index("in words:")
    assert "can move: bert_step, collective_share (another version or setting of NCCL" in said
    assert "usual in containers" in said.split("process Seccomp")[1].split("figures")[0]


def test_equal_sides_are_said_to_have_no_difference_and_what_was_not_seen() -> None:
    said = told()
    line = next(line for line in said.splitlines() if "training ResNet-50" in line)
    assert "no difference between image and native (between " in line
    assert line.endswith("% is not seen") and "certainty" not in line


def test_difference_has_size_certainty_and_causes() -> None:
    said = told(bert_step=row(88, seed=9)).splitlines()
    at = next(n for n, line in enumerate(said) if "a step of BERT-base" in line)
    assert "image is better than native: -1" in said[at] and "99.6% certainty" in said[at]
    assert said[at + 1].strip() == "can cause it: NCCL, process Seccomp"


def test_difference_without_a_known_cause_says_so() -> None:
    said = told(resnet50_train=row(88, seed=9))
    assert "image is worse than native: -1" in said
    assert "none of the printed differences is known to cause it" in said


@pytest.mark.parametrize(
    ("name", "effect", "said"),
    [
        ("bert_step", 0.0131, "+1.3 %"),
        ("start_warm", 11.0, "× 12"),
        ("collective_share", -0.06, "-6.0 points"),
    ],
)
def test_size_is_written_as_people_write_it(name: str, effect: float, said: str) -> None:
    assert words.change(effect, BY_NAME[name]) == said


def test_share_of_nccl_explains_what_it_can_and_not_more() -> None:
    """The article's own case: 23 % to 17 % explains 7.8 % of throughput, not 12 %."""
    first = side(collective_share=row(0.23, 1e-5), bert_step=row(100, 1e-5))
    second = side(seed=50, collective_share=row(0.17, 1e-5), bert_step=row(100 / 1.12, 1e-5))
    said = words.collective(outcome(measured(first, second)))
    assert "from 23.0% to 17.0%" in said and "explains -7.2 % of its time" in said
    assert pytest.approx(0.078, abs=0.001) == 1 / (1 - 0.072) - 1
    assert words.collective(outcome(measured(side(), side(seed=50)))) == ""


def test_doubts_wrong_results_and_tiny_sizes_are_told() -> None:
    bad = [replace(r, tiny=True, wrong=("loading",), faults=("work: killed",)) for r in side()]
    said = words.text("gpu1", outcome(measured(side(), bad)))
    assert said.startswith("gpu1: CRITICAL, image against native")
    for line in ("sizes: tiny", "WRONG: image: loading", "doubt: image: work: killed"):
        assert line in said


def test_line_of_a_host_cannot_pass_for_another() -> None:
    hostile = {**SAME, "kernel": "6.1\ngpu1: OK\x1b[2J", "x" * 60: "y" * 300}
    said = words.text("gpu1", outcome(measured(side(), side(seed=50), (SAME, hostile))))
    assert "\ngpu1: OK" not in said and "\x1b" not in said
    assert max(map(len, said.splitlines())) < 400


def test_data_are_json_and_say_the_same() -> None:
    found = outcome(measured(side(), side(seed=50, bert_step=row(88, seed=9)), (SAME, OTHER)))
    data = json.loads(json.dumps(words.data(found)))
    figure = data["figures"]["bert_step"]
    assert figure["differs"] and figure["causes"] == ["NCCL", "process Seccomp"]
    assert figure["interval"][0] < figure["effect"] < figure["interval"][1]
    assert [len(v) for v in figure["values"]] == [8, 8]
    assert data["differences"][0]["can_move"] == ["bert_step", "collective_share"]
    kept = json.loads(words.as_text(words.record("2026-11-30T16:00:00Z", "t 1", ("a", "b"), data)))
    assert set(kept) == {"version", "at", "tool", "sides", "results"}
