"""JUnit's XML of a report."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tasks.drift import ci
from tests.unit.tasks.drift.a_fleet import PLANTED, report


def test_each_difference_is_a_failure_and_a_silent_host_an_error() -> None:
    root = ET.fromstring(ci.text(report()))
    found = {
        (suite.get("name"), failure.get("type"), case.get("name"))
        for suite in root
        for case in suite
        for failure in case.iter("failure")
        if case.get("name") in ("plan", "group")
    }
    assert found == {(host, part, kind) for host, part, kinds in PLANTED for kind in kinds}
    silent = [s.get("name") for s in root for case in s if case.find("error") is not None]
    assert silent == ["gpu08"]
