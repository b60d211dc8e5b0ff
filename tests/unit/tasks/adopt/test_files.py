"""Files on the controller: both or none, and nobody's are overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.adopt.files import TakenError, written


def test_files_are_written_once(tmp_path: Path) -> None:
    one, other = tmp_path / "stacks" / "a.yaml", tmp_path / "group_data" / "a.py"
    assert written({one: "1", other: "2"}) == {one: "written", other: "written"}
    assert (one.read_text(), other.read_text()) == ("1", "2")
    assert written({one: "1", other: "2"}) == {one: "unchanged", other: "unchanged"}


def test_file_that_says_something_else_stays_and_its_fellow_is_not_written(tmp_path: Path) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "a.py"
    other.write_text("mine")
    with pytest.raises(TakenError, match=r"a\.py is there already"):
        written({one: "1", other: "2"})
    assert not one.exists() and other.read_text() == "mine"


def test_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "a.yaml"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TakenError):
        written({link: "1"})
    assert not (tmp_path / "elsewhere").exists()


def test_file_goes_again_where_its_fellow_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "stacks").write_text("")
    with pytest.raises(OSError):
        written({tmp_path / "a.py": "2", tmp_path / "stacks" / "a.yaml": "1"})
    assert not (tmp_path / "a.py").exists()
