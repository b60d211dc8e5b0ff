"""NVML through nvidia-ml-py or nvidia-smi: one form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.nvml import Nvml
from facts.parse.answers import bus_address
from facts.parse.smi import smi
from tests.unit.facts.golden_hosts import lines

SMI = "##gpuwright-source nvidia-smi"


def test_smi_without_driver_gives_its_own_words_and_status() -> None:
    seen = Nvml().process([SMI, *lines("smi-no-driver.txt"), "##gpuwright-exit 9"])
    assert seen.gpus == ()
    assert (seen.why or "").startswith("NVIDIA-SMI has failed because it couldn't communicate")
    assert (seen.why or "").endswith("(exit status 9)")


def test_smi_answer_names_cards_as_sysfs_does() -> None:
    output = [SMI, *lines("smi-h100-written-by-hand.xml"), "##gpuwright-exit 0"]
    seen = Nvml().process(output)
    assert (seen.source, seen.driver, seen.cuda, seen.why) == (
        "nvidia-smi",
        "535.309.01",
        "12.2",
        None,
    )
    h100, t4 = seen.gpus
    assert (h100.pci, h100.memory_mb, h100.power_limit_w) == ("0000:17:00.0", 81559, 700.0)
    assert (h100.persistence, h100.ecc, h100.mig) == (True, True, False)
    assert (h100.pcie_width, h100.pcie_width_max) == (8, 16)
    assert t4.pci == "0000:1b:00.0"
    assert t4.power_limit_w == 70.0


def test_real_smi_of_branch_535_is_read() -> None:
    seen = smi(lines("smi-535-4xt4-mock.xml"), "exit status 0")
    assert (seen.why, seen.cuda, len(seen.gpus)) == (None, "12.4", 4)
    card = seen.gpus[0]
    assert (card.name, card.pci, card.memory_mb) == ("NVIDIA T4", "0000:3b:00.0", 16384)
    assert (card.persistence, card.ecc, card.mig) == (True, True, False)
    assert (card.power_limit_w, card.power_w, card.temperature_c) == (70.0, 12.0, 30)
    assert (card.pcie_generation, card.pcie_width) == (3, 16)


def test_question_that_a_card_does_not_support_is_not_answered_with_no() -> None:
    _, t4 = smi(lines("smi-h100-written-by-hand.xml"), "exit status 0").gpus
    assert (t4.ecc, t4.mig, t4.serial, t4.temperature_c) == (None, None, None, None)


def test_xml_cut_off_in_the_middle_is_a_reason_not_a_shorter_list() -> None:
    half = lines("smi-h100-written-by-hand.xml")[:40]
    seen = smi(half, "no answer within 30 s")
    assert seen.gpus == ()
    assert "no answer within 30 s" in (seen.why or "")


def test_python_way_gives_the_same_form() -> None:
    said = {
        "driver": "535.309.01",
        "cuda": "12.2",
        "gpus": [{"index": 0, "name": "NVIDIA H100", "pci": "00000000:17:00.0", "mig": 0}],
    }
    seen = Nvml().process(
        [
            "##gpuwright-source nvidia-ml-py",
            "##gpuwright-json " + json.dumps(said),
            "##gpuwright-exit 0",
        ]
    )
    assert seen.source == "nvidia-ml-py"
    assert (seen.gpus[0].pci, seen.gpus[0].mig) == ("0000:17:00.0", False)


def test_host_with_neither_tool_says_so() -> None:
    seen = Nvml().process(["##gpuwright-why no nvidia-smi", "##gpuwright-exit 0"])
    assert (seen.source, seen.why) == (None, "no nvidia-smi")


def test_real_domain_number_is_kept() -> None:
    assert bus_address("00010000:17:00.0") == "00010000:17:00.0"


@given(st.lists(st.sampled_from(lines("smi-h100-written-by-hand.xml")) | st.text(max_size=20)))
def test_any_text_gives_an_inventory_or_a_reason(text: list[str]) -> None:
    seen = smi(text, "exit status 0")
    assert seen.why or seen.driver


@pytest.mark.parametrize(
    ("said", "watts"),
    [
        ("70.00 W", 70.0),
        ("700.00 W", 700.0),
        ("0.00 W", 0.0),
        ("  62.41 W ", 62.41),
        ("N/A", None),
        ("[N/A]", None),
        ("[Not Supported]", None),
        ("Not Supported", None),
        ("Unknown Error", None),
        ("[Unknown Error]", None),
        ("ERR!", None),
        ("Requested functionality has been deprecated", None),
        ("GPU is lost", None),
        ("", None),
    ],
)
def test_value_in_each_of_the_shapes_that_drivers_write(said: str, watts: float | None) -> None:
    """From reports of many branches, of cards that lack a value, and of cards that fell off."""
    text = f"""<?xml version="1.0" ?><nvidia_smi_log><driver_version>535.1</driver_version>
    <gpu id="00000000:17:00.0">
    <gpu_power_readings><current_power_limit>{said}</current_power_limit></gpu_power_readings>
    </gpu></nvidia_smi_log>"""
    (card,) = smi(text.splitlines(), "exit status 0").gpus
    assert card.power_limit_w == watts
