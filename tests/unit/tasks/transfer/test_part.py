"""The part of a file, and whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.transfer.answers import Held, Take
from tasks.transfer.part import DiskFullError, Part, full_told

URL = "https://index.example.org/a.whl?signature=secret"


@pytest.fixture
def part(tmp_path: Path) -> Part:
    return Part(tmp_path / "a.whl")


def filled(part: Part) -> Part:
    with part.going_on(URL, Take(0, 10, '"one"')) as file:
        part.write(file, b"12345")
    return part


def test_part_is_told_to_its_server_with_the_mark_and_to_others_without(part: Part) -> None:
    filled(part)
    assert part.held(URL) == Held(5, 10, '"one"')
    assert part.held("https://mirror.example.org/a.whl") == Held(5, 10, "")


def test_what_goes_on_replaces_what_is_behind_it(part: Part) -> None:
    with filled(part).going_on(URL, Take(3, 10, "")) as file:
        part.write(file, b"x")
    assert part.file.read_bytes() == b"123x"


def test_no_address_is_written_down(part: Part) -> None:
    folder = filled(part).file.parent
    assert not any(b"secret" in file.read_bytes() for file in folder.iterdir())


@pytest.mark.parametrize(
    "note", ["", "[]", "{", '{"source": 1}', "[" * 4000, '{"total": 1e400}', "x" * 10**6]
)
def test_note_that_nobody_can_read_is_none(part: Part, note: str) -> None:
    filled(part).file.with_name("a.whl.part.json").write_text(note)
    assert part.held(URL) == Held(5)


@pytest.mark.parametrize("total", ["-1", "true", '"10"', "1.5", "99999999999999"])
def test_total_that_is_none_is_not_known(part: Part, total: str) -> None:
    filled(part).file.with_name("a.whl.part.json").write_text(
        f'{{"source": "", "etag": "", "total": {total}}}'
    )
    assert part.held(URL).total is None


def test_link_in_place_of_the_part_is_not_followed(part: Part, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("keep")
    part.file.symlink_to(other)
    with pytest.raises(OSError, match="symbolic"), part.going_on(URL, Take(0, 1, "")):
        pass
    assert other.read_text() == "keep"


def test_real_full_device_is_told_as_such(tmp_path: Path) -> None:
    with (
        pytest.raises(DiskFullError, match="is full; what came stays there"),
        full_told(tmp_path),
        Path("/dev/full").open("wb", buffering=0) as file,
    ):
        Part.write(file, b"x")


def test_finished_part_is_the_file_alone(part: Part, tmp_path: Path) -> None:
    filled(part).done()
    assert [file.name for file in tmp_path.iterdir()] == ["a.whl"]
