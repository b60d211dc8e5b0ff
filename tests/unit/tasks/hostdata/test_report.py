"""What a person says about the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.hostdata.report import ReportSettings, exits_on_changes, report_settings


def test_nothing_said_is_the_usual() -> None:
    assert report_settings({}) == ReportSettings()
    assert not exits_on_changes({})


def test_all_of_it_may_be_said() -> None:
    said: dict[str, Any] = {
        "report_folder": "~/x",
        "report_keep": "7",
        "from": "a b",
        "format": "env",
    }
    found = report_settings(said)
    assert (found.folder, found.keep) == (Path.home() / "x", 7)
    assert (found.source, found.form) == (Path("a b"), "env")
    assert exits_on_changes({"exit": "changes"})


@pytest.mark.parametrize("said", [{"format": "xml"}, {"report_keep": -1}, {"report_folder": 7}])
def test_wrong_value_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        report_settings(said)
