"""What a healthy host of H100 SXM measures, and what a test plants in it. Made-up values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from facts.measurements_model import Measurements
from facts.parse.measurements import MARK, measurements
from tests.unit.tasks.acceptance.a_subject import ADDRESSES

H100: Mapping[str, float] = {
    "hbm_bandwidth": 2903.0,
    "h2d_bandwidth": 54.0,
    "d2h_bandwidth": 54.0,
    "matmul_fp32": 52.0,
    "matmul_tf32": 402.0,
    "matmul_fp16": 759.0,
    "matmul_bf16": 794.0,
}
"""The references of `stacks/catalog/thresholds.yaml`."""
BESIDE = {"sm_clock_mhz": 1980, "power_w": 650.0, "temperature_c": 60, "reasons": []}
Planted = Mapping[tuple[int, str, str], Mapping[str, Any]]
"""By GPU number, metric and how: what it tells in place of the healthy line."""


def rows(count: int = 8, planted: Planted | None = None) -> list[dict[str, Any]]:
    """The program's lines as data."""
    said = planted or {}
    found: list[dict[str, Any]] = []
    for how in ("alone", "together") if count > 1 else ("alone",):
        for n in range(count):
            for metric, value in H100.items():
                line = {"metric": metric, "value": value, "gpu": ADDRESSES[n], "index": n}
                line |= {"how": how, "right": True, "steady": True, "spread": 0.01, **BESIDE}
                found.append({**line, **said.get((n, metric, how), {})})
    if count == 8:
        for nvls, value in ((True, 478.9), (False, 360.0)):
            line = {"metric": "allreduce_busbw", "how": "together", "value": value, "right": True}
            line |= {"gpus": 8, "nvls": nvls, "backend": "nccl"}
            key = (8, "allreduce_busbw", "nvls" if nvls else "ring")
            found.append({**line, **said.get(key, {})})
        found.append({"metric": "ddp_step", "how": "together", "value": 0.1, "gpus": 8})
    return found


def printed(lines: Iterable[object], **head: Any) -> list[str]:
    """As ``gpuwright-measure`` prints it."""
    first = {"torch": "2.9.1+cu128", "cuda": "12.8", "gpus": 8, "tiny": False, **head}
    return [MARK + json.dumps(line) for line in (first, *lines)]


def told(count: int = 8, planted: Planted | None = None, **head: Any) -> Measurements:
    """The same as it is read."""
    return measurements(printed(rows(count, planted), **head))
