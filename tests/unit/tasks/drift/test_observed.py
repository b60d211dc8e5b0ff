"""A reading of what a host answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.parse.device_health import health
from facts.past_model import Move, Past
from tasks.drift.observed import Asked, reading
from tasks.drift.planned import planned
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.acceptance.a_subject import cards, output
from tests.unit.tasks.drift.a_fleet import NOW

CASE = replace(a_patient.case(), plan=a_host.plan())


def seen(**changes: Any) -> Any:
    """The reading of a healthy host with these answers."""
    return reading("gpu1", "lab", NOW, Asked(**{"case": CASE, **changes}))


def test_healthy_host_is_as_planned_in_every_component_of_its_plan() -> None:
    found = seen()
    assert (found.verdict, found.next_boot, found.deploy) == ("OK", True, "deploys/gpu_host.py")
    judged = {name: c.as_planned for name, c in found.components.items() if c.planned}
    assert judged == dict.fromkeys(("driver", "CUDA", "cuDNN", "PyTorch", "holds"), True)


def test_part_that_is_missing_is_not_as_planned_and_the_others_are() -> None:
    state = a_host.with_packages(CASE.state, a_host.package("nvidia-smi", status="rc"))
    found = reading("gpu1", "lab", NOW, Asked(replace(CASE, state=state)))
    wrong = {name for name, c in found.components.items() if c.as_planned is False}
    assert wrong == {"driver"}
    assert "missing: nvidia-smi" in (found.components["driver"].planned or "")


def test_what_no_plan_says_is_not_judged() -> None:
    found = reading("gpu1", "lab", NOW, Asked(replace(CASE, plan=None)))
    assert {c.as_planned for c in found.components.values()} == {None}


def test_bare_host_has_nothing_as_planned() -> None:
    assert not any(
        well for name, _, well in planned(a_host.bare(), a_host.plan()) if name != "holds"
    )


def test_gpus_are_judged_by_verifys_own_rules() -> None:
    ill = health(output(cards(2, {0: {"remapped_rows/remapped_row_pending": "Yes"}})))
    assert ill.devices
    found = seen(health=ill)
    if found.verdict == "OK":  # the double calls the field otherwise
        pytest.fail(str(ill.devices[0]))
    assert [gpu.well for gpu in found.gpus] == [False, True]
    assert "ECC on" in (found.components["GPU settings"].actual or "")


def test_result_of_verify_counts_until_it_is_run_again() -> None:
    codes = [{"code": "GPU-SLOW", "device": "0000:10:00.0", "status": "new"}]
    kept = {"verdict": "CRITICAL", "at": NOW, "level": "standard", "codes": codes}
    found = seen(past=Past(verify=kept))
    assert (found.verdict, [f.code for f in found.findings]) == ("CRITICAL", ["VERIFY-KEPT"])
    assert "GPU-SLOW 0000:10:00.0 new" in found.findings[0].observed


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"verdict": ["CRITICAL"], "codes": {"a": 1}, "readings": "x"},
        {"verdict": "PERFECT", "at": 7, "codes": [None, 1, {"code": []}]},
        {"readings": [{"metric": "hbm", "value": 10**5000}, {"metric": None}]},
    ],
)
def test_kept_result_may_hold_anything(kept: dict[str, Any]) -> None:
    found = seen(past=Past(verify=kept, benchmark=kept))
    assert found.verdict == "OK"


def test_measured_values_are_told_with_their_units() -> None:
    row = {"device": "0", "metric": "hbm_bandwidth", "value": 2903.5, "unit": "GB/s"}
    found = seen(past=Past(benchmark={"at": NOW, "readings": [row]}))
    assert found.benchmark.said == ("hbm_bandwidth 0: 2903.5 GB/s",)


def test_moves_come_along() -> None:
    past = Past(moves=(Move(NOW, "libcuda1", "1", "2", "ana"),))
    assert [m.by for m in seen(past=past).moves] == ["ana"]


def test_module_of_a_container_is_its_hosts_and_told_of_neither() -> None:
    inside = replace(
        CASE, state=replace(CASE.state, system=replace(CASE.state.system, container="lxc"))
    )
    found = reading("gpu1", "lab", NOW, Asked(inside))
    assert "driver loaded" not in found.components
