"""What counts as reached, and what a figure's record must keep."""

from pathlib import Path

import pytest

from bench import results
from bench.results import Comparison


def faster(ours: float, theirs: float) -> Comparison:
    return Comparison("second run", ours, "Ansible", theirs, "s", 5, "theirs/ours")


def shorter(ours: float, theirs: float) -> Comparison:
    return Comparison("ready", ours, "guide", theirs, "s", 0.6, "ours/theirs")


def test_five_times_faster_is_reached_at_five_and_missed_below() -> None:
    assert faster(1.0, 5.0).met
    assert not faster(1.0, 4.9).met


def test_share_of_the_time_is_reached_at_the_target_and_missed_above() -> None:
    assert shorter(60.0, 100.0).met
    assert not shorter(61.0, 100.0).met


def test_limit_compares_our_own_figure() -> None:
    assert Comparison("round trips", 12, "limit", None, "channels", 12, "ours").met
    assert not Comparison("round trips", 13, "limit", None, "channels", 12, "ours").met


def test_saved_comparisons_come_back_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    rows = [faster(1.0, 7.5), Comparison("x", 2, "limit", None, "channels", 12, "ours", "note")]
    results.save("noop", [{"a": 1}], rows)
    assert results.comparisons("noop") == rows
    assert results.load("noop") == [{"a": 1}]


def test_no_file_means_no_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    assert results.load("noop") == []
    assert results.comparisons("noop") == []
