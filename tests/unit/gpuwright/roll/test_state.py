"""A roll's file: whole, tolerant, and held while the roll goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gpuwright.roll import state
from gpuwright.roll.state import Entry, HeldError, StateError


def hosts(*names: str) -> dict[str, Entry]:
    return {name: Entry(address=f"{name}:22") for name in names}


def test_roll_comes_back_as_it_was_and_what_ran_was_interrupted(tmp_path: Path) -> None:
    roll = state.begin(tmp_path, {"deploy": "d.py"}, hosts("a", "b", "c"))
    roll.hosts["a"].state = "done"
    roll.hosts["b"] = Entry(1, "b:22", "running", drained="ours", jobs={"u": "t"}, seconds=1.5)
    roll.stopped = "why"
    roll.save()
    roll.release()
    again = state.resumed(tmp_path)
    assert again.id == roll.id and again.settings == {"deploy": "d.py"} and not again.stopped
    assert [entry.state for entry in again.hosts.values()] == ["done", "interrupted", "waiting"]
    assert again.hosts["b"].drained == "ours" and again.hosts["b"].jobs == {"u": "t"}
    assert again.hosts["b"].seconds == 1.5


def test_hosts_of_a_roll_that_goes_on_are_no_other_s(tmp_path: Path) -> None:
    roll = state.begin(tmp_path, {}, hosts("a", "b"))
    with pytest.raises(HeldError, match=f"roll {roll.id} is at work on x:"):
        state.begin(tmp_path, {}, {"x": Entry(address="b:22")})
    with pytest.raises(HeldError, match="goes on already"):
        state.resumed(tmp_path, roll.id)
    other = state.begin(tmp_path, {}, hosts("c"))
    assert other.id != roll.id
    roll.release()
    third = state.begin(tmp_path, {}, hosts("a"))
    with pytest.raises(HeldError, match="at work on a"):
        state.resumed(tmp_path, roll.id)
    third.release()
    state.resumed(tmp_path, roll.id).release()


def test_roll_is_held_as_long_as_a_child_has_its_lock(tmp_path: Path) -> None:
    roll = state.begin(tmp_path, {}, hosts("a"))
    assert roll.lock is not None
    theirs = os.dup(roll.lock)
    roll.release()
    with pytest.raises(HeldError):
        state.begin(tmp_path, {}, hosts("a"))
    os.close(theirs)
    state.begin(tmp_path, {}, hosts("a")).release()


def test_without_an_id_the_newest_that_is_not_over_is_taken(tmp_path: Path) -> None:
    for number, end in enumerate(("waiting", "failed", "done")):
        folder = tmp_path / f"2026010{number}-000000"
        folder.mkdir()
        said = {"version": 1, "hosts": {"a": {"state": end}}}
        (folder / "roll.json").write_text(json.dumps(said))
    assert state.resumed(tmp_path).id == "20260101-000000"
    with pytest.raises(StateError, match="no roll to go on with"):
        state.resumed(tmp_path / "empty")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "is no roll's file"),
        ('{"version": "1"}', "is no roll's file"),
        ('{"version": 2}', "newer gpuwright"),
    ],
)
def test_file_that_cannot_be_understood_is_left_alone(tmp_path: Path, text: str, told: str) -> None:
    folder = tmp_path / "20260101-000000"
    folder.mkdir()
    (folder / "roll.json").write_text(text)
    with pytest.raises(StateError, match=told):
        state.resumed(tmp_path, folder.name)
    state.begin(tmp_path, {}, hosts("a")).release()  # it is in nobody's way
    assert (folder / "roll.json").read_text() == text


def test_values_of_another_kind_have_their_defaults(tmp_path: Path) -> None:
    folder = tmp_path / "20260101-000000"
    folder.mkdir()
    odd = {"batch": "x", "state": "flying", "jobs": [], "seconds": 3, "later": 1, "why": None}
    said = {"version": 1, "new": {}, "settings": [], "hosts": {"a": odd, "b": None}}
    (folder / "roll.json").write_text(json.dumps(said))
    roll = state.read(folder)
    assert roll.hosts == {"a": Entry(seconds=3), "b": Entry()} and roll.settings == {}


@pytest.mark.parametrize("name", ["../x", "plan", "", "20260101-000000/../x"])
def test_what_is_no_id_names_no_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError):
        state.resumed(tmp_path, name)


def test_only_so_many_old_rolls_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MOST_KEPT", 2)
    for number in range(4):
        state.begin(tmp_path, {}, hosts(str(number))).release()
    assert len(state.found(tmp_path)) == 3


def test_files_are_nobody_else_s(tmp_path: Path) -> None:
    roll = state.begin(tmp_path / "rolls", {}, hosts("a"))
    assert (roll.folder / "roll.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "rolls").stat().st_mode & 0o777 == 0o700
    roll.release()
