"""Kept reports, merged from several folders; a silent host; files that are none of ours."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tasks.drift import document, history
from tasks.drift.document import made
from tasks.drift.reading import Component, Reading
from tests.unit.tasks.drift.a_fleet import NEW, NOW, TUESDAY, alike, host, many, report

AT = datetime(2026, 11, 30, 15, 5, tzinfo=timezone.utc)
LATER = "2026-11-30T15:02:00Z"


def kept(folder: Path, at: str, *readings: Reading, most: int = 9) -> Path:
    """A report of that time in this folder."""
    return history.keep(folder, document.data(made(readings, {}, at)), at, most)


def test_oldest_reports_of_ours_go_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    for hour in range(5):
        kept(tmp_path, f"2026-11-30T0{hour}:00:00Z", host("a"), most=3)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [*(f"20261130T0{h}0000Z.json.gz" for h in (2, 3, 4)), "mine.json"]


def test_reports_of_two_controllers_are_one_fleet_and_the_newest_reading_counts(
    tmp_path: Path,
) -> None:
    kept(tmp_path / "a", TUESDAY, host("gpu1", at=TUESDAY), host("gpu2", at=TUESDAY))
    kept(tmp_path / "b", NOW, host("gpu2", driver=Component(NEW)), host("gpu3"))
    found = history.past([tmp_path / "a", tmp_path / "b"], AT)
    assert {name: r.read_at for name, r in found.newest.items()} == {
        "gpu1": TUESDAY,
        "gpu2": NOW,
        "gpu3": NOW,
    }
    assert found.newest["gpu2"].components["driver"].actual == NEW
    assert {name: r.read_at for name, r in found.before.items()} == {"gpu2": TUESDAY}
    assert (found.reports, found.complaints) == (2, ())


def test_host_that_answers_no_longer_is_told_with_what_was_read_last(tmp_path: Path) -> None:
    kept(tmp_path, TUESDAY, host("gpu1", at=TUESDAY))
    silent = history.silent(Reading("gpu1"), "it could not be reached", NOW)
    kept(tmp_path, NOW, silent)
    found = history.past([tmp_path], AT).newest["gpu1"]
    assert (found.answered, found.why, found.verdict) == (
        False,
        "it could not be reached",
        "UNKNOWN",
    )
    assert (found.read_at, found.asked_at) == (TUESDAY, NOW)
    assert found.components == host("gpu1").components


def test_host_that_answers_again_is_no_longer_silent(tmp_path: Path) -> None:
    kept(tmp_path, TUESDAY, history.silent(Reading("gpu1"), "no", TUESDAY))
    kept(tmp_path, NOW, host("gpu1"))
    assert history.past([tmp_path], AT).newest["gpu1"].answered


def test_reading_of_a_time_that_is_to_come_is_not_believed(tmp_path: Path) -> None:
    kept(tmp_path, "2030-01-01T00:00:00Z", host("gpu1", at="2030-01-01T00:00:00Z"))
    kept(tmp_path, NOW, host("gpu1"))
    assert history.past([tmp_path], AT).newest["gpu1"].read_at == NOW


def test_old_reading_is_silence_where_nobody_is_asked() -> None:
    assert history.aged(host("a"), AT).answered
    old = history.aged(host("a", at=TUESDAY), AT)
    assert (old.answered, old.verdict, old.why) == (
        False,
        "UNKNOWN",
        "nothing was read of it for 6 days",
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.json", b""),
        ("b.json", b"[" * 100_000),
        ("c.json", b"[1]"),
        ("d.json", b'{"schema": "gpuwright-report/2", "hosts": {}}'),
        ("e.json.gz", b"no gzip"),
        ("f.json.gz", gzip.compress(b"{}" * 1000, mtime=0)[:-20]),
        ("g.facts", b"hello"),
        ("h\x1b[1m.json", b"\xff\xfe"),
    ],
    ids="abcdefgh",
)
def test_file_that_is_no_report_is_told_and_left(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    kept(tmp_path, NOW, host("gpu1"))
    found = history.past([tmp_path], AT)
    assert list(found.newest) == ["gpu1"]
    (complaint,) = found.complaints
    assert complaint.isprintable()


def test_file_that_unpacks_to_more_than_anybody_keeps_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 1000)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b" " * 100_000))
    assert "more than" in history.past([tmp_path], AT).complaints[0]


def test_hosts_of_a_report_that_are_none_are_left(tmp_path: Path) -> None:
    data = {**document.data(report()), "hosts": {"a": 1, "": {}, "b": {"read_at": NOW}}}
    (tmp_path / "x.json").write_text(json.dumps(data))
    assert list(history.past([tmp_path], AT).newest) == ["b"]


def test_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "sub/report.json"
    history.write(path, b"one")
    history.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [file.name for file in path.parent.iterdir()] == ["report.json"]


def test_only_as_many_files_are_read_as_the_hosts_of_a_run_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(5):
        at = f"2026-11-30T0{hour}:00:00Z"
        kept(tmp_path, at, host("a", at=at))
    assert history.past([tmp_path], AT, ["a"]).reports == 1
    assert history.past([tmp_path], AT, ["a", "never"]).reports == 5


def test_history_of_a_thousand_hosts_is_read_in_seconds(tmp_path: Path) -> None:
    body = document.data(many(1000))
    for day in range(1, 6):
        history.keep(tmp_path, body, f"2026-11-0{day}T00:00:00Z", 90)
    began = time.monotonic()
    assert len(history.past([tmp_path], AT).newest) == 1000
    assert time.monotonic() - began < 30


def test_alike_hosts_need_little_room(tmp_path: Path) -> None:
    path = kept(tmp_path, NOW, *alike(f"gpu{n}" for n in range(100)))
    assert path.stat().st_size < 40_000
    assert replace(host("a"), host="b") == host("b")
