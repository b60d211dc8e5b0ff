"""What came of a benchmark as a whole: its level, and what makes it doubtful."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.benchmark.metrics import BY_NAME, METRICS
from tasks.benchmark.outcome import Outcome, outcome
from tasks.benchmark.readings import Reading
from tests.unit.tasks.benchmark.a_benchmark import SAME, measured, row, side


def test_equal_sides_are_well_and_every_figure_is_compared() -> None:
    found = outcome(measured(side(), side(seed=50)))
    assert found.level == "OK", found
    assert set(found.compared) == {m.name for m in METRICS}
    assert not any(one.differs for one in found.compared.values())
    assert (found.runs, found.tiny, found.differences) == ((8, 8), False, ())


def test_difference_is_an_answer_and_no_fault() -> None:
    slower = side(seed=50, resnet50_train=row(88, seed=9))
    found = outcome(measured(side(), slower, (SAME, {**SAME, "torch": "2.8.0"})))
    one = found.compared["resnet50_train"]
    assert found.level == "OK" and one.differs
    assert [d.name for d in found.causes(BY_NAME["resnet50_train"])] == ["torch"]


def test_wrong_result_is_critical() -> None:
    bad = side(seed=50)
    bad[3] = replace(bad[3], wrong=("loading",))
    found = outcome(measured(side(), bad))
    assert found.level == "CRITICAL"
    assert found.wrong == ("image: loading: its results were checked and were not right",)


@pytest.mark.parametrize(("loss", "level"), [(6.5, "OK"), (6.6, "OK"), (6.8, "CRITICAL")])
def test_sides_must_come_to_the_same_results(loss: float, level: str) -> None:
    other = [replace(r, losses={**r.losses, "resnet50_train": loss}) for r in side(seed=50)]
    assert outcome(measured(side(), other)).level == level


def test_metric_that_failed_on_one_side_is_a_doubt_and_the_others_are_compared() -> None:
    without = [
        replace(
            r,
            values={n: v for n, v in r.values.items() if n != "loading"},
            faults=("work: OSError",),
        )
        for r in side(seed=50)
    ]
    found = outcome(measured(side(), without))
    assert found.level == "WARN"
    assert found.doubts == ("image: work: OSError",)
    assert found.compared["loading"].why.startswith("too few values (image: 0")
    assert found.compared["bert_step"].differs is False


@pytest.mark.parametrize("runs", [0, 1, 4])
def test_benchmark_that_was_cut_short_is_not_known(runs: int) -> None:
    found = outcome(measured(side(runs=runs), side(runs=runs, seed=50)))
    assert found.level == "UNKNOWN"
    assert f"native: {runs} of 8 runs were made" in found.doubts


def test_host_with_other_work_is_doubted() -> None:
    busy = [replace(r, load=7.9) for r in side()]
    found = outcome(measured(busy, side(seed=50)))
    assert found.level == "WARN"
    assert "the load average was 7.9 on 8 processors" in found.doubts[0]


def test_what_nobody_measured_is_not_compared_and_what_was_left_out_is_kept() -> None:
    reason = {"collective_share": "one GPU adds nothing up"}

    def alone(row: list[Reading]) -> list[Reading]:
        return [
            replace(
                r,
                values={n: v for n, v in r.values.items() if n != "collective_share"},
                left_out=reason,
            )
            for r in row
        ]

    found: Outcome = outcome(measured(alone(side()), alone(side(seed=50))))
    assert "collective_share" not in found.compared
    assert found.left_out == reason and found.level == "OK"


def test_tiny_sizes_of_one_run_make_the_whole_tiny() -> None:
    mixed = side(seed=50)
    mixed[0] = replace(mixed[0], tiny=True)
    assert outcome(measured(side(), mixed)).tiny
