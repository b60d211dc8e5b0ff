"""What a person says about a benchmark of one host, checked before it is used. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tasks.hostdata.reading import Data, Reader

PARTS = ("start", "models", "together")
"""What can be left out: ``docs/benchmark-hosts.md`` says which figures each has."""
LEAST_RUNS, MOST_RUNS = 5, 50


@dataclass(frozen=True)
class BenchmarkSettings:
    """What `tasks.benchmark` is told of a host."""

    against: str = ""
    """Another host of the inventory; empty: the image on the same host."""
    runs: int = 8
    """Of each side."""
    cpu: int = 0
    """Processes that train together on the CPU, at tiny sizes; 0: on the GPUs."""
    folder: Path = Path("benchmark")
    """Of this machine: where the answer is written as JSON and as a plot."""
    keep: bool = False
    """Whether the results stay on the host too."""
    skip: tuple[str, ...] = ()
    """Of `PARTS`."""
    anyway: bool = False
    """Whether it is measured beside somebody's work on the GPUs."""


def benchmark_settings(data: Data) -> BenchmarkSettings:
    """``against``, ``anyway`` and what begins with ``benchmark_``.

    Raises:
        ValueError: A value is not what it may be.
    """
    reader = Reader(data)
    return BenchmarkSettings(
        reader.text("against", "the name of a host of the inventory"),
        reader.count("benchmark_runs", 8, LEAST_RUNS, MOST_RUNS),
        reader.count("benchmark_cpu", 0, 0, 8),
        reader.file("benchmark_to", "a folder of this machine") or Path("benchmark"),
        reader.flag("benchmark_keep"),
        reader.matches(
            "benchmark_skip", re.compile("|".join(PARTS)), f"parts, of {', '.join(PARTS)}"
        ),
        reader.choice("anyway", ("busy",), None) == "busy",
    )
