"""The verdict as text, as data and as JUnit's XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from tasks.acceptance import verdict_text
from tasks.acceptance.judge import judged
from tests.unit.tasks.acceptance import a_subject
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, seen, subject

ILL = subject(
    seen(planted={0: {"ecc_errors/aggregate/sram_uncorrectable_parity": "5"}}, selftest=None)
)


def test_block_has_value_limit_action_source_and_who_disagrees() -> None:
    block = verdict_text.text("gpu1", "quick", ILL, judged(ILL)).splitlines()
    assert block[:2] == ["gpu1: CRITICAL (level quick)", "  GPUs: 8 x Simulated H100 80GB HBM3"]
    at = block.index(
        f"  GPU-ECC-SRAM CRITICAL {ADDRESSES[0]}: the card has had too many uncorrectable errors "
        "in SRAM"
    )
    assert block[at + 1] == "    seen:   5 in the card's life (limit: 4)"
    assert block[at + 2].startswith("    do:     replace: nvidia-smi -q -d ECC -i 0000:10:00.0")
    assert block[at + 4].startswith("    others: Azure's health checks fail above 0")
    assert any(line.startswith("  left out: container (") for line in block)


def test_data_say_the_same_and_are_json() -> None:
    told = json.loads(json.dumps(verdict_text.data("quick", ILL, judged(ILL))))
    assert [(f["code"], f["action"]) for f in told["findings"]] == [
        ("GPU-ECC-SRAM", "replace"),
        ("GPU-UNPROVEN", "none"),
    ]
    assert told["proof"].startswith("none (")
    assert told["verdict"] == "CRITICAL"


def test_no_line_of_a_host_can_pass_for_two() -> None:
    evil = subject(seen(1, {0: {"product_name": "H100\nverdict: OK \x1b[2J"}}), 1)
    block = verdict_text.text("gpu1", "quick", evil, judged(evil))
    assert "\x1b" not in block
    assert not any(line.startswith("verdict") for line in block.splitlines())


def test_xml_has_a_case_per_check_and_counts_them() -> None:
    hosts = {
        "gpu1": verdict_text.data("quick", ILL, judged(ILL)),
        "gpu2": verdict_text.data("quick", subject(), judged(subject())),
        "gpu3": {"verdict": "UNKNOWN", "why": "no way to \x07 it"},
    }
    one, two, three = ET.fromstring(verdict_text.junit(hosts).encode())
    assert (one.get("failures"), one.get("errors")) == ("1", "1")
    assert one.find("testcase[@name='ecc']/failure") is not None
    assert one.find("testcase[@name='kernel']/error") is not None
    assert one.find("testcase[@name='pcie']/skipped") is not None
    assert (two.get("failures"), two.get("errors")) == ("0", "0")
    assert int(two.get("tests") or 0) == len(two.findall("testcase")) > 10
    error = three.find("testcase/error")
    assert error is not None and error.get("message") == "no way to  it"


def test_gpus_are_told_by_the_bus_where_nvidia_smi_lists_none() -> None:
    silent = subject(seen(0, why="the module nvidia is not loaded", selftest=None))
    assert verdict_text.gpus(silent) == "8 x 10de:2330 on the bus, none that nvidia-smi lists"
    assert verdict_text.gpus(subject(a_subject.seen(0), 0)) == "none"
