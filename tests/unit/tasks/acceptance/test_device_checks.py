"""Every fault that is planted in a GPU is found there, with its code and action, and no other."""

from __future__ import annotations

import pytest

from tasks.acceptance.judge import judged
from tasks.finding import SEVERITY
from tests.unit.tasks.acceptance import a_subject
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, found, sample, seen, subject

ECC, ROWS, PAGES = "ecc_errors/aggregate", "remapped_rows", "retired_pages"
LINK = "pci/pci_gpu_link_info"
VOLTA = dict(a_subject.smi_readings.VOLTA)


PLANTED: dict[str, tuple[dict[str, str | None], tuple[str, str, str]]] = {
    "uncorrected": (
        {"ecc_errors/volatile/dram_uncorrectable": "1"},
        ("GPU-ECC", "CRITICAL", "reset"),
    ),
    "uncorrected in SRAM, newer": (
        {"ecc_errors/volatile/sram_uncorrectable_secded": "2"},
        ("GPU-ECC", "CRITICAL", "reset"),
    ),
    "uncorrected in SRAM, older": (
        {
            "ecc_errors/volatile/sram_uncorrectable_parity": None,
            "ecc_errors/volatile/sram_uncorrectable_secded": None,
            "ecc_errors/volatile/sram_uncorrectable": "2",
        },
        ("GPU-ECC", "CRITICAL", "reset"),
    ),
    "SRAM, some": ({f"{ECC}/sram_uncorrectable_parity": "4"}, ("GPU-ECC-SRAM", "WARN", "none")),
    "SRAM, many": (
        {f"{ECC}/sram_uncorrectable_parity": "5"},
        ("GPU-ECC-SRAM", "CRITICAL", "replace"),
    ),
    "SRAM, the card's own word": (
        {f"{ECC}/sram_threshold_exceeded": "Yes"},
        ("GPU-ECC-SRAM", "CRITICAL", "replace"),
    ),
    "SRAM, corrected": ({f"{ECC}/sram_correctable": "10001"}, ("GPU-ECC-MANY", "WARN", "none")),
    "memory, corrected": (
        {f"{ECC}/dram_correctable": "20000001"},
        ("GPU-ECC-MANY", "WARN", "none"),
    ),
    "ECC pending": ({"ecc_mode/pending_ecc": "Disabled"}, ("GPU-ECC-PENDING", "WARN", "reboot")),
    "ECC off": (
        {"ecc_mode/current_ecc": "Disabled", "ecc_mode/pending_ecc": "Disabled"},
        ("GPU-ECC-OFF", "WARN", "set"),
    ),
    "remap failed": (
        {f"{ROWS}/remapped_row_failure": "Yes"},
        ("GPU-ROW-FAILURE", "CRITICAL", "replace"),
    ),
    "remap pending": (
        {f"{ROWS}/remapped_row_pending": "Yes"},
        ("GPU-ROW-PENDING", "CRITICAL", "reset"),
    ),
    "rows": ({f"{ROWS}/remapped_row_unc": "513"}, ("GPU-ROWS", "CRITICAL", "replace")),
    "pages": (
        {**VOLTA, f"{PAGES}/multiple_single_bit_retirement/retired_count": "62"},
        ("GPU-PAGES", "CRITICAL", "replace"),
    ),
    "pages pending": (
        {**VOLTA, f"{PAGES}/pending_retirement": "Yes"},
        ("GPU-PAGES-PENDING", "CRITICAL", "reboot"),
    ),
    "Volta, uncorrected": (
        {**VOLTA, "ecc_errors/volatile/double_bit/total": "1"},
        ("GPU-ECC", "CRITICAL", "reset"),
    ),
    "heat": (
        {"clocks_event_reasons": "hw_slowdown hw_thermal_slowdown"},
        ("GPU-THROTTLED", "CRITICAL", "isolate"),
    ),
    "power brake": (
        {"clocks_event_reasons": "hw_power_brake_slowdown"},
        ("GPU-THROTTLED", "CRITICAL", "isolate"),
    ),
    "clocks set": (
        {"clocks_event_reasons": "applications_clocks_setting"},
        ("GPU-CLOCKS", "WARN", "set"),
    ),
    "power limit": (
        {"gpu_power_readings/current_power_limit": "500.00 W"},
        ("GPU-POWER", "WARN", "set"),
    ),
    "persistence": ({"persistence_mode": "Disabled"}, ("GPU-PERSISTENCE", "WARN", "set")),
    "fabric": (
        {"fabric/state": "In Progress"},
        ("GPU-FABRIC", "CRITICAL", "restart program"),
    ),
    "fabric failed": (
        {"fabric/status": "Failure"},
        ("GPU-FABRIC", "CRITICAL", "restart program"),
    ),
}


@pytest.mark.parametrize(("said", "wanted"), PLANTED.values(), ids=PLANTED)
def test_planted_fault_is_found_at_its_gpu_and_no_other(
    said: dict[str, str | None], wanted: tuple[str, str, str]
) -> None:
    verdict = judged(subject(seen(planted={3: said})))
    assert found(verdict) == [wanted]
    (only,) = verdict.observations
    assert only.gpu == ADDRESSES[3]
    assert only.source and only.remedy and "{gpu}" not in only.remedy
    assert only.check not in verdict.passed


GOOD = {
    "SRAM corrected at the limit": {f"{ECC}/sram_correctable": "10000"},
    "memory corrected at the limit": {f"{ECC}/dram_correctable": "20000000"},
    "rows at the limit": {f"{ROWS}/remapped_row_unc": "512"},
    "pages below the limit": {
        **VOLTA,
        f"{PAGES}/multiple_single_bit_retirement/retired_count": "61",
    },
    "power cap by software": {"clocks_event_reasons": "sw_power_cap"},
    "limit above the default": {"gpu_power_readings/current_power_limit": "701.00 W"},
    "idle link": {f"{LINK}/pcie_gen/current_link_gen": "1"},
}


@pytest.mark.parametrize("said", GOOD.values(), ids=GOOD)
def test_what_is_on_the_good_side_of_a_limit_is_no_fault(said: dict[str, str | None]) -> None:
    assert found(judged(subject(seen(planted={0: said})))) == []


UNREADABLE = [
    "persistence_mode",
    "ecc_mode/current_ecc",
    "ecc_errors/aggregate/sram_correctable",
    "remapped_rows/remapped_row_pending",
    "gpu_power_readings/current_power_limit",
    f"{LINK}/link_widths/current_link_width",
    "pci/pci_device_id",
]


@pytest.mark.parametrize("said", ["[Unknown Error]", "ERR!", "", "4294967295 what"])
@pytest.mark.parametrize("path", UNREADABLE)
def test_field_that_cannot_be_read_is_never_taken_for_a_good_one(path: str, said: str) -> None:
    if said[:1].isdigit() and "Error" not in said and not path.endswith(("mode", "ecc", "pending")):
        said = "what 7"
    verdict = judged(subject(seen(planted={0: {path: said}})))
    assert "GPU-UNREAD" in {o.code for o in verdict.observations} or verdict.level == "CRITICAL"
    assert SEVERITY[verdict.level] >= SEVERITY["CRITICAL"]


@pytest.mark.parametrize("path", ["ecc_errors/volatile", "clocks_event_reasons"])
def test_group_that_is_missing_is_told(path: str) -> None:
    gone: dict[str, str | None] = {
        each: None for each in a_subject.smi_readings.HEALTHY if each.startswith(path)
    }
    assert found(judged(subject(seen(planted={0: gone})))) == [("GPU-UNREAD", "UNKNOWN", "none")]


def test_card_that_has_no_such_thing_is_no_fault() -> None:
    geforce: dict[str, str | None] = {
        "ecc_mode/current_ecc": "N/A",
        "ecc_mode/pending_ecc": "N/A",
        "pci/pci_device_id": "268410DE",
        "fabric/state": "N/A",
        "fabric/status": "N/A",
        **{p: None for p in a_subject.smi_readings.HEALTHY if p.startswith(ROWS)},
        ROWS: "N/A",
    }
    health = seen(1, {0: geforce}, of_cards={"links": ()})
    verdict = judged(subject(health, 1, state=a_subject.state(1, "2684")))
    assert found(verdict) == []
    assert {"ecc", "nvlink"} <= {item.check for item in verdict.left_out}


LOADED: dict[str, tuple[list[str], tuple[str, str, str]]] = {
    "old generation": (
        sample(f"0000{ADDRESSES[0]}", generation=3),
        ("PCIE-GENERATION", "WARN", "isolate"),
    ),
    "replays": (sample(f"0000{ADDRESSES[0]}", replays=81), ("PCIE-REPLAYS", "CRITICAL", "isolate")),
    "heat": (
        sample(f"0000{ADDRESSES[0]}", "hw_thermal_slowdown", heat=92),
        ("GPU-THROTTLED", "CRITICAL", "isolate"),
    ),
}


@pytest.mark.parametrize(("look", "wanted"), LOADED.values(), ids=LOADED)
def test_fault_that_shows_under_load_alone_is_found(
    look: list[str], wanted: tuple[str, str, str]
) -> None:
    others = [sample(f"0000{address}") for address in ADDRESSES[1:]]
    assert found(judged(subject(seen(samples=[look, *others])))) == [wanted]


def test_generation_counts_by_its_best_moment_under_load() -> None:
    at = f"0000{ADDRESSES[0]}"
    health = seen(1, samples=[sample(at, generation=1), sample(at), sample(at, generation=2)])
    assert found(judged(subject(health, 1))) == []


def test_generation_is_left_out_where_nothing_was_loaded() -> None:
    health = seen(1, {0: {f"{LINK}/pcie_gen/current_link_gen": "1"}}, selftest=None)
    verdict = judged(subject(health, 1))
    assert found(verdict) == [("GPU-UNPROVEN", "UNKNOWN", "none")]
    assert {"pcie", "throttle"} <= {item.check for item in verdict.left_out}
    assert "pcie" not in verdict.passed


def test_fewer_lanes_are_a_fault_at_rest_too() -> None:
    narrow: dict[str, str | None] = {f"{LINK}/link_widths/current_link_width": "8x"}
    look = [sample(f"0000{ADDRESSES[0]}", width=8)]
    verdict = judged(subject(seen(1, {0: narrow}, samples=look), 1))
    assert found(verdict) == [("PCIE-WIDTH", "CRITICAL", "isolate")]
    assert (verdict.observations[0].observed, verdict.observations[0].limit) == (
        "8 lanes",
        "16 lanes",
    )


@pytest.mark.parametrize("links", [(), ("26.562 GB/s",) * 17 + ("<inactive>",)])
def test_board_s_links_must_all_be_told_and_up(links: tuple[str, ...]) -> None:
    verdict = judged(subject(seen(2, of_cards={"links": links}), 2))
    code, level = ("NVLINK-DOWN", "CRITICAL") if links else ("GPU-UNREAD", "UNKNOWN")
    assert [(c, lv) for c, lv, _ in found(verdict)] == [(code, level)] * 2


def test_card_without_a_bridge_may_have_all_links_down() -> None:
    card: dict[str, str | None] = {"pci/pci_device_id": "20B510DE"}
    health = seen(1, {0: card}, of_cards={"links": ("<inactive>",) * 12})
    assert found(judged(subject(health, 1, state=a_subject.state(1, "20b5")))) == []


@pytest.mark.parametrize("links", [(), ("<inactive>",) * 18])
def test_one_gpu_of_a_board_in_a_machine_of_its_own_needs_no_link(links: tuple[str, ...]) -> None:
    health = seen(1, of_cards={"links": links})
    assert found(judged(subject(health, 1))) == []
