"""The end of a first run: the driver is there now and tells what the plan could not know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.host import resolution
from tasks.verify import comparison
from tasks.verify.capability import told_after
from tests.unit.tasks import a_host

DATA = {"stack": "pytorch-2.9"}


def strangers(device: str = "ffff", **told: str) -> HostState:
    """The bare host with GPUs of this id; ``told`` is what the driver tells, by bus (``b17``)."""
    state = a_host.bare()
    said = {f"0000:{bus[1:]}:00.0": sm for bus, sm in told.items()}
    cards = tuple(replace(card, device=device) for card in state.pci)
    return replace(state, pci=cards, driver=replace(state.driver, capabilities=said))


def planned(state: HostState, **data: object) -> Plan:
    plan = resolution.resolved(state, {**DATA, **data}).plan
    assert plan is not None
    return plan


def codes(state: HostState, plan: Plan) -> list[str]:
    return [f.code for f in told_after(state, plan)]


@pytest.mark.parametrize(
    ("sm", "found"),
    [
        ("7.5", []),
        ("9.0", []),
        ("12.0", ["GPU-118-BLACKWELL"]),
        ("10.0", ["GPU-118-BLACKWELL"]),
        ("13.0", ["GPU-118-BLACKWELL", "TORCH-NO-SM"]),
        ("6.1", ["TORCH-NO-SM"]),
        ("3.0", ["GPU-118-OLD", "TORCH-NO-SM"]),
    ],
)
def test_run_ends_with_what_the_next_one_would_say(sm: str, found: list[str]) -> None:
    plan = planned(strangers())
    assert codes(strangers(b17=sm), plan) == found
    compared = {f.code: f.level for f in comparison.compare(strangers(b17=sm), plan)}
    assert all(compared[code] == "WARN" for code in found)
    # What ends so is refused by the next run, or gets another build.
    after = resolution.resolved(strangers(b17=sm), DATA)
    refused = {conflict.code for conflict in after.conflicts}
    for code in found:
        assert code in refused or (after.plan and after.plan.torch != plan.torch)


def test_driver_that_tells_nothing_leaves_nothing_to_say() -> None:
    assert codes(strangers(), planned(strangers())) == []


def test_each_gpu_is_named_by_its_address_with_what_can_be_done() -> None:
    found = [*told_after(strangers(b17="12.0", b1b="9.0"), planned(strangers()))]
    assert [f.code for f in found] == ["GPU-118-BLACKWELL"]
    assert "12.0 for 0000:17:00.0" in found[0].observed
    assert "without: [cuda]" in found[0].remedy


def test_remedy_ends_it() -> None:
    state = strangers(b17="12.0", b1b="12.0")
    assert codes(state, planned(state, without=["cuda"])) == []


@pytest.mark.parametrize("data", [{"gpu_like": "rtx3090"}, {"expected_gpus": "h100"}])
def test_gpu_that_host_data_name_is_judged_in_the_plan(data: dict[str, str]) -> None:
    assert codes(strangers(b17="12.0"), planned(strangers(), **data)) == []


def test_gpu_that_the_catalogue_knows_is_judged_in_the_plan() -> None:
    known = strangers("2330")
    assert codes(strangers("2330", b17="12.0"), planned(known)) == []
