"""Where a team's own stack files and locks are found, and where new locks are written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stacks.catalog.read import FOLDER, load_catalog
from stacks.explain import own

NAME = "torch-2.9.1-cu128-cp311-x86_64.txt"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a stack file and a lock of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks/locks").mkdir(parents=True)
    (tmp_path / "stacks/our.yaml").write_text("summary: ours\n")
    shutil.copy(FOLDER / "locks" / NAME, tmp_path / "stacks/locks/ours.txt")
    return tmp_path


def test_checkout_looks_into_no_folder_that_is_not_named(team: Path) -> None:
    assert not own.INSTALLED
    assert own.stacks() is None
    assert own.locks(None) == own.locks(team) == FOLDER / "locks"


def test_installed_room_looks_beside_the_team_s_stacks(team: Path) -> None:
    assert own.stacks(installed=True) == Path("stacks")
    assert own.locks(None, installed=True) == Path("stacks/locks")
    assert own.locks(team, installed=True) == team / "locks"
    (team / "stacks/our.yaml").unlink()
    assert own.stacks(installed=True) is None


def test_own_locks_come_beside_ours(team: Path) -> None:
    catalog = load_catalog()
    assert own.with_locks(catalog, None) is catalog
    assert own.with_locks(catalog, team) is catalog
    found = own.with_locks(catalog, team / "stacks").locks
    assert {*found} == {*catalog.locks, "ours.txt"}


def test_lock_is_read_from_ours_where_the_team_has_none(team: Path) -> None:
    assert own.holding("ours.txt", Path("stacks/locks")) == Path("stacks/locks")
    assert own.holding(NAME, Path("stacks/locks")) == FOLDER / "locks"
