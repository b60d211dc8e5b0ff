"""What is told of GPUs, from a torch and an NVML that are not there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from image.programs import benchmark_same
from tasks.benchmark.sameness import differences


class Nvml(SimpleNamespace):
    """NVML of cards that are all alike, but for what a test sets."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM = 1, 2

    def __getattr__(self, name: str) -> object:
        if name.startswith("nvmlDeviceGet"):
            return lambda *_: 700_000
        raise AttributeError(name)

    def nvmlInit(self) -> None:  # noqa: N802 (NVML's own names)
        """Nothing to do."""

    def nvmlSystemGetDriverVersion(self) -> bytes:  # noqa: N802
        return b"580.95.05"

    def nvmlDeviceGetHandleByUUID(self, name: bytes) -> bytes:  # noqa: N802
        return name


def told(
    monkeypatch: pytest.MonkeyPatch, said: Mapping[str, object] | None = None, count: int = 2
) -> dict[str, str]:
    """Of so many GPUs; ``said``: what NVML answers in place of 700,000."""
    cuda = SimpleNamespace(
        device_count=lambda: count,
        get_device_properties=lambda n: SimpleNamespace(name="NVIDIA H100", uuid=f"{n}-x"),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    monkeypatch.setitem(sys.modules, "pynvml", Nvml(**(said or {})))
    return benchmark_same.gpus()


def test_each_visible_gpu_tells_its_clocks_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch)
    assert (found["GPUs"], found["GPU 1"], found["driver"]) == ("2", "NVIDIA H100 1-x", "580.95.05")
    for name in ("clock limit", "memory clock limit", "application clock", "boost limit"):
        assert found[f"GPU 0 {name}"] == "700000"
    for name in ("power limit", "ECC", "MIG", "persistence", "PCIe width", "PCIe generation"):
        assert found[f"GPU 1 {name}"] == "700000"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("nvmlDeviceGetApplicationsClock", "application clock"),
        ("nvmlDeviceGetMaxCustomerBoostClock", "boost limit"),
        ("nvmlDeviceGetEnforcedPowerLimit", "power limit"),
        ("nvmlDeviceGetMigMode", "MIG"),
        ("nvmlDeviceGetMaxPcieLinkGeneration", "PCIe generation"),
    ],
)
def test_setting_of_one_side_alone_is_a_difference_that_can_move_figures(
    monkeypatch: pytest.MonkeyPatch, call: str, name: str
) -> None:
    one, other = told(monkeypatch), told(monkeypatch, {call: lambda *_: 1})
    found = differences(one, other)
    assert {d.name for d in found} == {f"GPU {n} {name}" for n in (0, 1)}
    assert all(d.cause is not None and d.cause.groups for d in found)


def test_card_that_has_no_such_thing_says_so_and_the_others_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("Not Supported")

    found = told(monkeypatch, {"nvmlDeviceGetEccMode": refused})
    assert found["GPU 0 ECC"] == "RuntimeError" and found["GPU 0 MIG"] == "700000"


def test_side_without_a_gpu_asks_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, count=0) == {"GPUs": "0"}
