"""Both forms of DCGM's answer, and answers that are none. Made up by the forms that are public."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facts.dcgm_model import Dcgm, DcgmResult
from facts.parse.dcgm import MOST_RESULTS, dcgm

OLD: dict[str, Any] = {
    "DCGM GPU Diagnostic": {
        "version": "3.1.8",
        "gpu_device_ids": ["2335", "2335"],
        "test_categories": [
            {
                "category": "Deployment",
                "tests": [{"name": "Denylist", "results": [{"status": "Pass"}]}],
            },
            {
                "category": "Integration",
                "tests": [
                    {
                        "name": "PCIe",
                        "results": [
                            {"gpu_ids": "0", "status": "Pass", "info": "GPU to Host bandwidth"},
                            {"gpu_ids": "1", "status": "Fail", "warnings": "GPU 1 has 90 replays"},
                        ],
                    },
                    {
                        "name": "Memory Bandwidth",
                        "results": [{"gpu_id": "0,1", "status": "Skip"}],
                    },
                ],
            },
        ],
    }
}
NEW: dict[str, Any] = {
    "DCGM Diagnostic": {
        "test_categories": [
            {
                "category": "Hardware",
                "tests": [
                    {
                        "name": "memory",
                        "test_summary": {"status": "Fail"},
                        "results": [
                            {
                                "entity_group": "GPU",
                                "entity_group_id": 1,
                                "entity_id": 0,
                                "status": "Fail",
                                "warnings": [
                                    {
                                        "warning": "Pending page retirements",
                                        "error_id": 20,
                                        "error_severity": 6,
                                    }
                                ],
                            },
                            {
                                "entity_group": "CPU",
                                "entity_group_id": 7,
                                "entity_id": 0,
                                "status": "Pass",
                            },
                        ],
                    }
                ],
            }
        ]
    },
    "entity_groups": [
        {
            "entity_group": "GPU",
            "entity_group_id": 1,
            "entities": [{"device_id": "2330", "entity_id": 0, "serial_num": "1"}],
        }
    ],
    "metadata": {"DCGM Version": "4.4.1", "Driver Version Detected": "580.95.05"},
}


def read(data: object, code: int = 0) -> Dcgm:
    text = data if isinstance(data, str) else json.dumps(data, indent=1)
    return dcgm(text.splitlines(), code, f"exit status {code}")


def test_form_of_dcgm_3_is_read() -> None:
    found = read(OLD, 226)
    assert (found.version, found.why) == ("3.1.8", None)
    assert found.results == (
        DcgmResult("denylist", "pass"),
        DcgmResult("pcie", "pass", 0, "2335"),
        DcgmResult("pcie", "fail", 1, "2335", "GPU 1 has 90 replays"),
        DcgmResult("memory_bandwidth", "skip", 0, "2335"),
        DcgmResult("memory_bandwidth", "skip", 1, "2335"),
    )


def test_form_of_dcgm_4_is_read() -> None:
    found = read(NEW, 226)
    assert found.version == "4.4.1"
    assert found.results == (
        DcgmResult("memory", "fail", 0, "2330", "Pending page retirements", 6),
        DcgmResult("memory", "pass"),
    )


def test_words_round_the_json_do_not_matter() -> None:
    assert read(f"Note: old\n{json.dumps(NEW)}\nbye").results == read(NEW).results


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("Error: unable to establish a connection to the specified host: localhost", False),
        ("Error: the diagnostic timed out", True),
        ("", True),
        ("{", True),
        ("[1]", True),
        ("[" * 3000 + "]" * 3000, True),
    ],
)
def test_answer_that_is_none_says_why(text: str, reached: bool) -> None:
    found = read(text, 1)
    assert (found.results, found.reached) == ((), reached)
    assert found.why and found.why.startswith("exit status 1: ")


def test_diagnosis_that_ran_nothing_is_no_pass() -> None:
    found = read({"DCGM Diagnostic": {"runtime_error": "Another instance is running"}}, 255)
    assert found.why == "exit status 255: Another instance is running"


@pytest.mark.parametrize(
    "row",
    [
        {"status": 7, "entity_group": 3, "entity_id": []},
        {"status": None, "gpu_ids": {"a": 1}},
        {"warnings": {"warning": 3}},
        {"warnings": [3, None, {"error_severity": True}]},
        {"gpu_ids": "0," * 5000},
    ],
)
def test_strange_result_is_no_pass_and_stops_none_of_the_others(row: dict[str, Any]) -> None:
    data = {"DCGM Diagnostic": {"test_categories": [{"tests": [{"name": 3, "results": [row]}]}]}}
    found = read(data)
    assert found.results and all(r.status != "pass" for r in found.results)
    assert len(found.results) <= MOST_RESULTS
