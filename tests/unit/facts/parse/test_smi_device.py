"""One GPU of nvidia-smi's XML: a value, no such thing, or not told."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from facts.device_health_model import Device
from facts.parse.smi_device import device
from sandbox.doubles import smi_readings
from sandbox.doubles.smi_readings import Card

VOLTA = dict(smi_readings.VOLTA)


def read(**said: str | None) -> Device:
    """A card that says this in place of a healthy one; ``__`` stands for a slash."""
    paths = {key.replace("__", "/"): value for key, value in said.items()}
    root = ET.fromstring(smi_readings.xml([Card("00000000:17:00.0", paths)]))
    node = root.find("gpu")
    assert node is not None
    return device(0, node)


def test_healthy_card_tells_everything() -> None:
    told = read()
    assert told.unread == ()
    assert (told.pci, told.device, told.ecc, told.mig) == ("0000:17:00.0", "2330", True, False)
    assert (told.power_limit_w, told.pcie_width, told.pcie_generation_max) == (700.0, 16, 5)
    assert (told.uncorrected, told.remap_failure, told.retired_pages) == (0, False, None)
    assert told.reasons == ("gpu_idle",)


def test_card_before_ampere_counts_pages_and_no_rows() -> None:
    told = read(**{k.replace("/", "__"): v for k, v in VOLTA.items()})
    assert told.unread == ()
    assert (told.retired_pages, told.retirement_pending, told.remap_pending) == (3, False, None)
    assert (told.uncorrected, told.sram_uncorrected) == (0, None)


@pytest.mark.parametrize("word", ["N/A", "[N/A]", "[Not Supported]", "None"])
def test_what_a_card_does_not_have_is_no_reading_and_is_not_missed(word: str) -> None:
    told = read(persistence_mode=word)
    assert (told.persistence, told.unread) == (None, ())


@pytest.mark.parametrize("word", [None, "", "[Unknown Error]", "ERR!", "perhaps"])
def test_what_should_have_been_told_is_missed(word: str | None) -> None:
    told = read(persistence_mode=word)
    assert (told.persistence, told.unread) == (None, ("persistence",))


def test_errors_are_not_asked_for_where_ecc_is_off() -> None:
    told = read(ecc_mode__current_ecc="Disabled", ecc_errors__volatile__dram_uncorrectable="N/A")
    assert (told.ecc, told.uncorrected, told.unread) == (False, None, ())


def test_older_names_of_power_and_clocks_are_known() -> None:
    told = read(
        gpu_power_readings__current_power_limit=None,
        gpu_power_readings__default_power_limit=None,
        power_readings__power_limit="250.00 W",
        power_readings__default_power_limit="300.00 W",
    )
    assert (told.power_limit_w, told.power_default_w, told.unread) == (250.0, 300.0, ())


def test_block_of_rows_may_be_missing_only_where_pages_are_counted() -> None:
    without = {p.replace("/", "__"): None for p in smi_readings.HEALTHY if p.startswith("remapped")}
    assert read(**without).unread == ("remapped_rows",)
    older = {k.replace("/", "__"): v for k, v in VOLTA.items() if k != "remapped_rows"}
    assert read(**older).unread == ()


def test_turing_s_one_number_for_sram_is_known() -> None:
    """As branch 580 writes it for a T4: no parity, no SEC-DED, no threshold."""
    paths = [p for p in smi_readings.HEALTHY if "sram_uncorrectable_" in p or "threshold" in p]
    said: dict[str, str | None] = {p.replace("/", "__"): None for p in paths}
    said |= {f"ecc_errors__{k}__sram_uncorrectable": "0" for k in ("volatile", "aggregate")}
    told = read(**said)
    assert (told.uncorrected, told.sram_uncorrected, told.sram_threshold) == (0, 0, None)
    assert told.unread == ()
