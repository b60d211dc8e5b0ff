"""One GPU's share of a burn-in: what is wrong is seen at once, in memory and in products."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from image.programs.burn_one import WrongError, lines
from image.programs.measure_timing import Device

TORCH = os.environ.get("GPUWRIGHT_TEST_TORCH")
needs_torch = pytest.mark.skipif(
    not TORCH and importlib.util.find_spec("torch") is None,
    reason="no torch in this environment (GPUWRIGHT_TEST_TORCH names a Python that has one)",
)
PROGRAM = """
import json, sys, time, types
import torch
from image.programs import burn_one
from image.programs.burn_one import Burning, lines
from image.programs.measure_timing import Device

torch.manual_seed(0)
said = []
burning = Burning(torch, Device(torch, "cpu", True), {seconds}, lambda **s: said.append(s), True)
{spoil}
began = time.monotonic()
ending = list(lines(burning.go, burning.device))
print(json.dumps([said, ending, time.monotonic() - began]))
"""


def ran(
    spoil: str, seconds: float = 20
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], float]:
    done = subprocess.run(
        [TORCH or sys.executable, "-c", PROGRAM.format(spoil=spoil, seconds=seconds)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, ending, took = json.loads(done.stdout)
    return said, ending, took


@needs_torch
def test_healthy_device_works_until_its_time_is_over() -> None:
    said, ending, took = ran("", 0.5)
    assert ending == [] and took < 10
    kinds = {word for line in said for word in line}
    assert {"pass", "products", "sample"} <= kinds
    assert {line["type"] for line in said if "type" in line} == {"fp32", "tf32", "fp16", "bf16"}


PRODUCTS = """
known, calls = torch.mm, [0]
def mm(a, b, out=None):
    calls[0] += 1
    got = known(a, b, out=out)
    if calls[0] == 10:
        got[{at}] = {value}
    return got
burning.torch = types.SimpleNamespace(**{{n: getattr(torch, n) for n in dir(torch)}})
burning.torch.mm = mm
"""


@needs_torch
@pytest.mark.parametrize("value", ["got[1, 1] + 1e-3", "float('nan')", "0.0"])
def test_product_that_differs_once_in_one_value_ends_it(value: str) -> None:
    spoil = PRODUCTS.format(at="1, 1", value=value)
    said, (ending,), took = ran(spoil)
    assert ending["wrong"] == {"what": "product", "type": "fp32", "values": 1, "after": 16}
    assert took < 10 and not any(line.get("type") == "tf32" for line in said)


@needs_torch
def test_product_that_is_always_wrong_is_held_against_the_cpu() -> None:
    spoil = PRODUCTS.replace("calls[0] == 10", "True").format(at="1, 1", value="1e6")
    _, (ending,), _ = ran(spoil)
    assert ending["wrong"]["what"] == "product" and ending["wrong"]["off"] > 1


MEMORY = """
known = Burning._fill
def fill(self, block, pattern, n):
    known(self, block, pattern, n)
    if n == 1 and pattern == {pattern!r}:
        block[{at}] ^= 1 << 7
Burning._fill = fill
"""


@needs_torch
@pytest.mark.parametrize(
    ("pattern", "name"), [(-1, "0xffffffff"), ("address", "address"), ("random", "random")]
)
def test_bit_that_turns_over_is_found_where_it_is(pattern: object, name: str) -> None:
    _, (ending,), took = ran(MEMORY.format(pattern=pattern, at=100))
    at = (2**14 + 100) * 4
    assert ending["wrong"] == {"what": "memory", "pattern": name, "words": 1, "at": at}
    assert took < 10


@needs_torch
def test_memory_that_is_lost_altogether_is_told_too() -> None:
    _, (ending,), _ = ran(MEMORY.format(pattern=0, at="slice(None)"))
    assert ending["wrong"]["words"] == 2**14


def test_what_is_told_at_the_end() -> None:
    class NoDevice(Device):
        def __init__(self) -> None: ...

        def wait(self) -> None: ...

    def wrong() -> None:
        raise WrongError(what="memory", words=1)

    def lost() -> None:
        raise RuntimeError("CUDA error:\n an illegal   memory access")

    assert list(lines(lambda: None, NoDevice())) == []
    assert list(lines(wrong, NoDevice())) == [{"wrong": {"what": "memory", "words": 1}}]
    assert list(lines(lost, NoDevice())) == [
        {"why": "RuntimeError: CUDA error: an illegal memory access"}
    ]
