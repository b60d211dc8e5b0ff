"""Files of the controller: names that no host can choose, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.benchmark.written import stem, write

AT = "2026-11-30T16:00:00Z"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("gpu01", "gpu01-20261130T160000Z"),
        ("@docker/ubuntu:22.04", "docker-ubuntu-22.04-20261130T160000Z"),
        ("../../etc/x", "etc-x-20261130T160000Z"),
        ("ünï köd", "n-k-d-20261130T160000Z"),
        ("…", "host-20261130T160000Z"),
        ("x" * 300, "x" * 80 + "-20261130T160000Z"),
    ],
)
def test_name_stays_in_its_folder(host: str, wanted: str) -> None:
    assert stem(host, AT) == wanted


def test_both_files_are_written_into_a_new_folder_with_blanks(tmp_path: Path) -> None:
    folder = tmp_path / "my figures" / "ü"
    made = write(folder, "a", {"verdict": "OK"}, "<svg/>\n")
    assert sorted(p.name for p in folder.iterdir()) == ["a.json", "a.svg"]
    assert json.loads(made[0].read_text()) == {"verdict": "OK"}


def test_failure_leaves_no_part_behind(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError):
        write(tmp_path, "a", {}, "<svg/>")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
