"""What ``facts/device_health.sh`` brings, whole, cut off and made up."""

from __future__ import annotations

import pytest

from facts.parse.device_health import health
from facts.parse.sections import ProbeError
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, cards, output, sample, seen


def test_readings_at_rest_and_under_load_come_together_by_address() -> None:
    told = seen(2, samples=[sample(f"0000{ADDRESSES[1]}", "sw_power_cap", generation=4, heat=71)])
    first, second = told.devices
    assert first.busy == ()
    (look,) = second.busy
    assert (look.generation, look.width, look.state) == (4, 16, "P0")
    assert (look.temperature_c, look.reasons) == (71, ("sw_power_cap",))
    assert len(second.links) == 18


def test_inventory_tells_the_driver_and_each_card() -> None:
    told = seen(8)
    assert (told.driver, told.why, told.asked) == ("535.309.01", None, True)
    assert [d.pci for d in told.devices] == list(ADDRESSES)
    assert {d.device for d in told.devices} == {"2330"}
    assert all(d.unread == () for d in told.devices)


def test_host_without_nvidia_smi_says_why() -> None:
    told = health(output([], why="nvidia-smi is not on this host"))
    assert (told.asked, told.why) == (False, "nvidia-smi is not on this host")


def test_self_test_s_answer_is_kept_by_what_it_proves() -> None:
    told = seen(8).selftest
    assert told is not None
    assert (told.backend, told.processes, told.devices, told.wrong) == ("nccl", 8, 8, None)


@pytest.mark.parametrize("said", [[], 7, "no JSON", {"collective": 3, "cuda": {"devices": 1}}])
def test_self_test_that_answers_nonsense_proves_nothing(said: object) -> None:
    told = seen(1, selftest=said).selftest
    assert told is not None
    assert (told.backend, told.processes, told.devices) == (None, 0, 0)


def test_looks_under_load_are_bounded() -> None:
    told = seen(1, samples=[sample(f"0000{ADDRESSES[0]}")] * 500)
    assert len(told.devices[0].busy) == 60


def test_answer_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ProbeError):
        health(output(cards(1))[:-1])


@pytest.mark.parametrize("line", ["gpu", "generation", "width 16x", "sample extra", "reason", "??"])
def test_strange_lines_under_load_are_no_readings(line: str) -> None:
    told = seen(1, samples=[[line, "generation nine", "gpu", line]])
    assert told.devices[0].busy == ()
