"""Gauges for Prometheus, and the dashboard that shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tasks.drift import metrics
from tasks.drift.document import made
from tests.unit.tasks.drift.a_fleet import NOW, host, report

LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?)')


def rows(text: str) -> list[tuple[str, str, float]]:
    """Name, labels and value of each row; every line must be one, or a comment."""
    found = []
    for line in text.splitlines():
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            found.append((match[1], match[2] or "", float(match[3])))
    return found


def test_values_are_those_of_the_report() -> None:
    found = {(name, labels): value for name, labels, value in rows(metrics.text(report()))}
    of = 'host="{}",group="training"'.format
    assert found["gpuwright_report_hosts", 'verdict="OK"'] == 7
    assert found["gpuwright_report_host_verdict", of("gpu02")] == 2
    assert found["gpuwright_report_host_answered", of("gpu08")] == 0
    assert found["gpuwright_report_host_differences", of("gpu07") + ',against="group"'] == 1
    assert found["gpuwright_report_host_next_boot_ready", of("gpu09")] == 0
    assert found["gpuwright_report_host_gpus_unhealthy", of("gpu02")] == 1


def test_no_name_is_another_exporter_s_and_each_has_its_help() -> None:
    text = metrics.text(report())
    names = {name for name, _, _ in rows(text)}
    assert names and all(name.startswith("gpuwright_report_") for name in names)
    assert names == set(re.findall(r"^# HELP (\S+) ", text, re.MULTILINE))


def test_name_of_a_host_stays_one_label() -> None:
    text = metrics.text(made([host('a"} 1\ngpuwright_x{b="\\')], {}, NOW))
    assert {name for name, _, _ in rows(text)} <= {
        name for name, _, _ in rows(metrics.text(report()))
    }


def test_dashboard_shows_metrics_that_there_are() -> None:
    board: dict[str, Any] = json.loads(Path("docs/grafana-report.json").read_text())
    said = json.dumps([target["expr"] for p in board["panels"] for target in p["targets"]])
    asked = set(re.findall(r"gpuwright_[a-z_]+", said))
    told = {name for name, _, _ in rows(metrics.text(report()))}
    assert asked and asked <= told
    assert {name for name in told if "host_" in name} <= asked
