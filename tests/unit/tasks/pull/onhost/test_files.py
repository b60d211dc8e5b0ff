"""Files of the program on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.pull.onhost import files


def test_file_is_written_whole_with_its_rights_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("other")
    (tmp_path / "x").symlink_to(tmp_path / "other")
    files.write(tmp_path / "x", "é\n", 0o600)
    assert (tmp_path / "x").read_text() == "é\n"
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "other").read_text() == "other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "x"]


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "\x00"])
def test_what_is_no_mapping_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    assert files.mapping(tmp_path / "x") == {}
    assert files.mapping(tmp_path / "none") == {}
