"""The measuring program: by its own code at tiny sizes on the CPU, where torch is there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facts.measurements_model import Measurements
from facts.parse.measurements import measurements
from image.programs import measure, measure_timing
from image.programs.measure_timing import Device, timed

TORCH = os.environ.get("GPUWRIGHT_TEST_TORCH")
"""A Python that has torch, where this one has not: developers may name one."""
needs_torch = pytest.mark.skipif(
    not TORCH and importlib.util.find_spec("torch") is None,
    reason="no torch in this environment (GPUWRIGHT_TEST_TORCH names a Python that has one)",
)


def run(*words: str) -> tuple[int, Measurements]:
    python = TORCH or sys.executable
    done = subprocess.run(
        [python, "-m", "image.programs.measure", *words],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, measurements(done.stdout.splitlines())


@needs_torch
def test_two_processes_measure_alone_together_and_with_each_other() -> None:
    code, told = run("--cpu", "2")
    assert (code, told.tiny, told.why) == (0, True, None)
    kinds = {(m.metric, m.how, m.index) for m in told.measures}
    for index in (0, 1):
        for metric in ("hbm_bandwidth", "h2d_bandwidth", "d2h_bandwidth", "matmul_fp32"):
            assert {(metric, "alone", index), (metric, "together", index)} <= kinds
    assert {"allreduce_busbw", "ddp_step"} <= {m.metric for m in told.measures}
    assert all(m.right and m.value for m in told.measures), told


@needs_torch
def test_machine_without_a_gpu_says_so_and_measures_nothing() -> None:
    code, told = run()
    if told.gpus:
        pytest.skip("a GPU is here")
    assert code == 3
    assert told.measures == ()
    assert told.why and "no GPU" in told.why


@needs_torch
@pytest.mark.parametrize("spoil", ["out[3, 5] += 1e6", "out *= 1.5", "out[0, 0] = float('nan')"])
def test_wrong_product_is_seen_wherever_it_is_wrong(spoil: str) -> None:
    text = f"""
import torch
from image.programs.measure_one import TYPES, error
torch.manual_seed(0)
for kind, (name, _, allowed) in TYPES.items():
    dtype = getattr(torch, name)
    a, b = torch.randn(96, 96).to(dtype), torch.randn(96, 96).to(dtype)
    out = torch.mm(a, b)
    assert error(torch, a, b, out, 96) <= allowed, kind
    out = out.clone()
    {spoil}
    assert not error(torch, a, b, out, 96) <= allowed, kind
"""
    done = subprocess.run(
        [TORCH or sys.executable, "-c", text],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class AClock:
    """Time that passes only while work is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


def test_slow_start_is_warmed_away_and_the_best_of_five_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, calls = AClock(), 0
    monkeypatch.setattr(measure_timing, "time", clock)
    device = Device(SimpleNamespace(), "cpu")

    def work() -> None:
        nonlocal calls
        calls += 1
        clock.now += 0.1 if calls < 10 else 0.02

    found = timed(device, work)
    assert found["seconds"] == pytest.approx(0.02)
    assert found["steady"] is True
    assert found["spread"] == pytest.approx(0)


def test_work_that_never_settles_says_so_and_shows_its_spread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, calls = AClock(), 0
    monkeypatch.setattr(measure_timing, "time", clock)

    def work() -> None:
        nonlocal calls
        calls += 1
        clock.now += 0.3 + 0.1 * (calls % 2)

    found = timed(Device(SimpleNamespace(), "cpu"), work)
    assert found["steady"] is False
    assert found["spread"] == pytest.approx(0.25)
    assert found["seconds"] == pytest.approx(0.3)


def a_card(l2: int, free: int) -> Device:
    """A GPU as torch describes it; none is there."""
    about = SimpleNamespace(
        L2_cache_size=l2, pci_domain_id=0, pci_bus_id=0x17, pci_device_id=0, uuid="x"
    )
    cuda: Any = SimpleNamespace(
        set_device=lambda _: None,
        get_device_properties=lambda _: about,
        get_device_capability=lambda _: (9, 0),
        mem_get_info=lambda _: (free, free),
    )
    return Device(SimpleNamespace(cuda=cuda), "cuda:0")


def test_working_set_is_no_cache_s() -> None:
    gib = 2**30
    assert a_card(50 * 2**20, 80 * gib).working_set(tiny=False) == gib
    assert a_card(512 * 2**20, 80 * gib).working_set(tiny=False) == 2 * gib
    assert a_card(50 * 2**20, 2 * gib).working_set(tiny=False) < gib  # a Jetson, a slice
    assert a_card(50 * 2**20, 80 * gib).pci == "0000:17:00.0"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("NCCL INFO NVLS multicast support is available on dev 0", True),
        ("NCCL INFO NVLS multicast support is not available on dev 0", False),
        ("NCCL INFO Using network Socket", False),
        ("", None),
    ],
)
def test_whether_switches_added_is_taken_from_nccl_s_own_words(
    said: str, wanted: bool | None
) -> None:
    assert measure.used_nvls(said) is wanted
