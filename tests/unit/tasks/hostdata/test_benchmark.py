"""Host data of a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.hostdata.benchmark import BenchmarkSettings, benchmark_settings


def test_nothing_said_is_eight_runs_on_the_gpus() -> None:
    assert benchmark_settings({}) == BenchmarkSettings("", 8, 0, Path("benchmark"))


def test_values_may_come_from_the_command_line() -> None:
    found = benchmark_settings(
        {
            "against": "gpu02",
            "benchmark_runs": "5",
            "benchmark_cpu": "2",
            "anyway": "busy",
            "benchmark_skip": "start,models",
        }
    )
    assert (found.against, found.runs, found.cpu, found.anyway) == ("gpu02", 5, 2, True)
    assert found.skip == ("start", "models")


@pytest.mark.parametrize(
    "data",
    [
        {"benchmark_runs": 4},
        {"benchmark_runs": 51},
        {"benchmark_cpu": -1},
        {"benchmark_cpu": 99},
        {"anyway": "yes"},
        {"benchmark_skip": "everything"},
        {"against": 7},
        {"against": "a\nb"},
        {"benchmark_to": "x" * 300},
    ],
)
def test_value_that_cannot_be_is_refused_by_name(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(data))):
        benchmark_settings(data)
