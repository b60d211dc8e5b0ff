"""Cards against the median of their siblings: both sides of each limit."""

from __future__ import annotations

import pytest

from tasks.acceptance import siblings
from tasks.acceptance.rules import Fault, LeftOut, observation
from tasks.acceptance.speed_checks import Reading, readings
from tasks.acceptance.subject import Subject
from tests.unit.tasks.acceptance import a_measurement
from tests.unit.tasks.acceptance.a_measurement import Planted
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, seen, subject

UNKNOWN = {n: {"pci/pci_device_id": "FFFF10DE"} for n in range(8)}


def of(host: Subject, planted: Planted | None = None, count: int = 8) -> list[Reading]:
    return readings(host, a_measurement.told(count, planted))


def slow(share: float, number: int = 3) -> Planted:
    metric = "matmul_bf16"
    return {(number, metric, "alone"): {"value": a_measurement.H100[metric] * share}}


@pytest.mark.parametrize(("share", "count"), [(0.951, 0), (0.949, 1)])
@pytest.mark.parametrize("host", [subject(), subject(seen(8, UNKNOWN))], ids=["known", "unknown"])
def test_card_more_than_five_percent_below_its_host_is_named(
    host: Subject, share: float, count: int
) -> None:
    found = [f for f in siblings.in_host(of(host, slow(share))) if isinstance(f, Fault)]
    assert [(f.code, f.gpu) for f in found] == [("GPU-SLOWER", ADDRESSES[3])] * count
    assert all(observation(f).disagree for f in found)


def test_two_cards_do_not_say_which_is_slow() -> None:
    host = subject(seen(2), 2)
    (only,) = siblings.in_host(of(host, slow(0.5, 1), 2))
    assert isinstance(only, LeftOut)


def test_other_models_are_no_siblings() -> None:
    mixed = {n: {"pci/pci_device_id": "20B510DE"} for n in range(3, 8)}
    planted: Planted = {
        (n, metric, how): {"value": value / 3}
        for n in range(3, 8)
        for metric, value in a_measurement.H100.items()
        for how in ("alone", "together")
    }
    assert list(siblings.in_host(of(subject(seen(8, mixed)), planted))) == []


def test_slices_are_no_siblings() -> None:
    cut = {n: {"mig_mode/current_mig": "Enabled"} for n in range(8)}
    (only,) = siblings.in_host(of(subject(seen(8, cut)), slow(0.5)))
    assert isinstance(only, LeftOut)


@pytest.mark.parametrize(("share", "hosts"), [(0.971, []), (0.969, ["gpu2"])])
def test_host_more_than_three_percent_below_the_fleet_is_named(
    share: float, hosts: list[str]
) -> None:
    whole = {
        (n, metric, how): {"value": value * share}
        for n in range(8)
        for metric, value in a_measurement.H100.items()
        for how in ("alone", "together")
    }
    fleet = {"gpu1": of(subject()), "gpu2": of(subject(), whole), "gpu3": of(subject())}
    found = siblings.in_fleet(fleet)
    assert [*found] == hosts
    assert all(len(faults) == 2 * 8 * len(a_measurement.H100) for faults in found.values())


def test_one_host_is_no_fleet() -> None:
    assert siblings.in_fleet({"gpu1": of(subject(), slow(0.5))}) == {}


def test_few_cards_are_no_fleet() -> None:
    small = subject(seen(3), 3)
    fleet = {"gpu1": of(small, slow(0.5, 1), 3), "gpu2": of(small, None, 3)}
    assert siblings.in_fleet(fleet) == {}


def test_wrong_results_are_no_median() -> None:
    planted: Planted = {
        (n, "matmul_bf16", "alone"): {"value": 10.0, "right": False} for n in range(5)
    }
    found = [f for f in siblings.in_host(of(subject(), planted)) if isinstance(f, Fault)]
    assert found == []
