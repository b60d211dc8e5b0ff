"""What a further host costs, and the answers that many hosts give."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from bench import fleet


def runs(*rows: tuple[int, float, float]) -> dict[str, dict[str, float]]:
    return {str(size): {"cpu_s": cpu, "memory_mb": memory} for size, cpu, memory in rows}


def test_further_host_is_what_lies_between_the_numbers_of_hosts() -> None:
    record: dict[str, Any] = {
        "machine": {"load": 0.3},
        "runs": {"report": runs((1, 1.0, 70), (41, 1.4, 80), (1001, 26.0, 2000))},
    }
    rows = fleet.compare(record)
    assert [(row.benchmark, row.ours, row.met) for row in rows] == [
        ("report, each further of 41 hosts", 10.0, True),
        ("report, each further of 1,001 hosts", 25.0, False),
    ]
    record["runs"] = {"gpu_host": runs((1, 1.0, 70), (40, 1.39, 301), (1000, 10.99, 1024))}
    rows = fleet.compare(record)
    assert [(row.benchmark, row.ours, row.met) for row in rows] == [
        ("gpu_host, each further of 40 hosts", 10.0, True),
        ("gpu_host, memory at 40 hosts", 301, False),
        ("gpu_host, each further of 1,000 hosts", 10.0, True),
        ("gpu_host, memory at 1,000 hosts", 1024, True),
    ]


def test_hosts_answer_as_the_recorded_one_each_with_a_boot_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        {"asked": "probe", "good": True, "lines": [["stdout", "@boot_id"], ["stdout", "abc"]]},
        {"asked": "other", "good": False, "lines": [["stderr", "no"], ["stdout", "yes"]]},
    ]
    kept = tmp_path / "answers.json"
    kept.write_text(json.dumps(fleet.answers(json.dumps(line) for line in lines)))
    inventory = tmp_path / "inventory.py"
    inventory.write_text(fleet.inventory(kept, {"stack": "x"}))
    monkeypatch.setenv("FLEET", "2")
    hosts = runpy.run_path(str(inventory))["fleet"]
    assert [name for name, _ in hosts] == ["@fake/gpu0", "@fake/gpu1"]
    for number, (_, data) in enumerate(hosts):
        assert data["stack"] == "x" and data["fake_delay"] == 0
        assert data["fake_responses"] == {
            "probe": {"success": True, "stdout": ["@boot_id", f"gpu{number}"], "stderr": ""},
            "other": {"success": False, "stdout": ["yes"], "stderr": "no"},
        }
