"""DCGM's diagnostics beside our own checks, without what its wrong rows let pass."""

from __future__ import annotations

from typing import Any

import pytest

from facts.dcgm_model import Dcgm, DcgmResult
from stacks.catalog.thresholds import DcgmRow, thresholds
from tasks.acceptance import dcgm_checks
from tasks.acceptance.judge import MEASURED, judged
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, found, seen, subject


def verdict(*results: DcgmResult, pci: str = "2330", **changes: Any) -> Any:
    planted = {n: {"pci/pci_device_id": f"{pci.upper()}10DE"} for n in range(8)}
    host = subject(seen(8, planted))
    told = Dcgm(True, results, "4.6.0", **changes)
    return judged(host, ("nvlink",), tuple(dcgm_checks.judged(host, told)), MEASURED)


def test_what_passes_passes() -> None:
    said = verdict(*(DcgmResult("memory", "pass", n) for n in range(8)))
    assert said.observations == () and "dcgm" in said.passed


@pytest.mark.parametrize(
    ("severity", "level", "action"),
    [
        (None, "CRITICAL", "isolate"),
        (2, "CRITICAL", "isolate"),
        (6, "CRITICAL", "reset"),
        (5, "CRITICAL", "set"),
        (1, "WARN", "none"),
        (99, "CRITICAL", "isolate"),
    ],
)
def test_failure_has_its_gpu_and_the_action_of_its_severity(
    severity: int | None, level: str, action: str
) -> None:
    said = verdict(DcgmResult("pcie", "fail", 3, words="90 replays", severity=severity))
    assert found(said) == [("GPU-DCGM", level, action)]
    assert said.observations[0].gpu == ADDRESSES[3]
    assert said.observations[0].observed == "pcie: 90 replays"


def test_warning_is_a_warning() -> None:
    assert found(verdict(DcgmResult("software", "warn", 0))) == [("GPU-DCGM", "WARN", "isolate")]


@pytest.mark.parametrize("row", thresholds().dcgm_wrong, ids=lambda row: row.pci)
def test_pass_by_a_row_that_is_wrong_is_no_pass_and_a_failure_by_it_stands(row: DcgmRow) -> None:
    good = verdict(DcgmResult(row.test, "pass", 0), pci=row.pci)
    (left,) = [item for item in good.left_out if item.check == "dcgm"]
    assert "limit that is wrong" in left.why and "diag-skus.yaml.in" in left.why
    assert "dcgm" not in good.passed
    bad = verdict(DcgmResult(row.test, "fail", 0), pci=row.pci)
    assert [o.code for o in bad.observations] == ["GPU-DCGM"]


@pytest.mark.parametrize("row", thresholds().dcgm_wrong, ids=lambda row: row.pci)
def test_rows_that_are_wrong_are_below_half_of_what_the_card_has(row: DcgmRow) -> None:
    model = thresholds().model(row.pci)
    if model is not None and (spec := model.spec_of("hbm_bandwidth")) is not None:
        assert row.shipped < 0.5 * spec.value


def test_other_cards_and_other_tests_are_taken_at_their_word() -> None:
    assert "dcgm" in verdict(DcgmResult("memory_bandwidth", "pass", 0)).passed
    assert "dcgm" in verdict(DcgmResult("memory", "pass", 0), pci="2335").passed


def test_id_that_dcgm_tells_itself_counts_first() -> None:
    said = verdict(DcgmResult("memory_bandwidth", "pass", 0, "2335"))
    assert "dcgm" not in said.passed


def test_what_it_skipped_is_left_out_and_not_passed() -> None:
    said = verdict(DcgmResult("memory", "pass", 0), DcgmResult("pcie", "skip", 0))
    assert "dcgm" not in said.passed
    assert any(item.why == "DCGM left out: pcie (skip)" for item in said.left_out)


def test_host_without_it_is_asked_for_nothing() -> None:
    host = subject()
    (left,) = dcgm_checks.judged(host, Dcgm(why="there is no dcgmi on this host"))
    assert left == dcgm_checks.LeftOut("dcgm", "DCGM is not asked: there is no dcgmi on this host")


def test_service_that_is_down_is_left_out_and_one_that_talks_nonsense_is_unknown() -> None:
    down = verdict(why="exit status 1: unable to establish a connection", reached=False)
    assert found(down) == [] and "dcgm" not in down.passed
    assert found(verdict(why="exit status 1: {")) == [("GPU-DCGM-SILENT", "UNKNOWN", "repeat")]


def test_gpu_that_nvidia_smi_does_not_list_is_called_by_its_number() -> None:
    assert verdict(DcgmResult("pcie", "fail", 12)).observations[0].gpu == "GPU 12"
