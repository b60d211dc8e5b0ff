"""What a burn-in of eight GPUs leaves, and what a test plants in it. Made-up values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from facts.burn_in_model import BurnIn
from facts.parse.burn_in import burn_in
from tests.unit.tasks.acceptance.a_subject import ADDRESSES


def device(n: int, **changes: Any) -> dict[str, Any]:
    """One healthy GPU of the file."""
    kinds = ("fp32", "tf32", "fp16", "bf16")
    return {
        "device": f"cuda:{n}",
        "pci": ADDRESSES[n],
        "index": n,
        "torch": "2.9.1+cu128",
        "passes": 200,
        "bytes": 70 << 30,
        "products": {k: {"count": 90000, "rate": 700.0, "least": 690.0} for k in kinds},
        "temperature": {"least": 34, "most": 71, "last": 70},
        "power": {"least": 90.0, "most": 699.0, "last": 690.0},
        "clock": {"least": 1755, "most": 1980, "last": 1800},
        "samples": 1440,
        "reasons": {"sw_power_cap": 1300},
        "wrong": None,
        "why": None,
        "done": True,
        **changes,
    }


def text(
    planted: Mapping[int, Mapping[str, Any]] | None = None, count: int = 8, **changes: Any
) -> str:
    """The file; ``planted``: what GPU number so and so says in place of a healthy one."""
    said = planted or {}
    data = {
        "version": 1,
        "asked_s": 14400,
        "ran_s": 14412.0,
        "began": 1796050000,
        "at": 1796064412,
        "tiny": False,
        "ended": "done",
        "why": None,
        "devices": [device(n, **said.get(n, {})) for n in range(count)],
        **changes,
    }
    return json.dumps(data)


def told(
    planted: Mapping[int, Mapping[str, Any]] | None = None,
    count: int = 8,
    running: bool = False,
    **changes: Any,
) -> BurnIn:
    """The same as it is read."""
    return burn_in(running, text(planted, count, **changes))
