"""Made runs of two sides, for tests."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tasks.benchmark.metrics import METRICS
from tasks.benchmark.outcome import Measured
from tasks.benchmark.readings import Reading

NAMES = ("native", "image")
SAME = {"processors": "8", "torch": "2.9.1+cu128", "process Seccomp": "0"}


def row(middle: float, noise: float = 0.002, runs: int = 8, seed: int = 1) -> list[float]:
    """Values that are spread as most are."""
    draw = random.Random(seed)
    return [draw.gauss(middle, noise * middle) for _ in range(runs)]


def side(
    factor: float = 1.0, runs: int = 8, seed: int = 1, noise: float = 0.002, **changes: Any
) -> list[Reading]:
    """Runs of one side: every figure is 100 by its factor, a share a fifth."""
    rows = {
        m.name: row(100 * factor if m.kind == "ratio" else 0.2, noise, runs, seed + n)
        for n, m in enumerate(METRICS)
    }
    losses = {"resnet50_train": 6.5, "bert_step": 9.9}
    made = [
        Reading({name: values[n] for name, values in rows.items()}, losses, tiny=False, load=0.1)
        for n in range(runs)
    ]
    for name, values in changes.items():
        made = [
            Reading({**reading.values, name: value}, reading.losses, tiny=False, load=reading.load)
            for reading, value in zip(made, values, strict=True)
        ]
    return made


def measured(
    first: list[Reading],
    second: list[Reading],
    same: tuple[Mapping[str, str], Mapping[str, str]] = (SAME, SAME),
    asked: int = 8,
) -> Measured:
    """Both sides together."""
    return Measured(NAMES, (first, second), same, asked)
