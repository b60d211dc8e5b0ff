"""What this machine knows of hosts that it has drained: kept whole, by one run at a time."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tasks.acceptance import drained
from tasks.acceptance.drained import Known, Place


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(drained.VARIABLE, raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_it_lies_where_programs_keep_their_state(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drained.folder() == home / ".local/state/gpuwright/hooks"
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "xdg"))
    assert drained.folder() == home / "xdg/gpuwright/hooks"
    monkeypatch.setenv(drained.VARIABLE, "~/shared")
    assert drained.folder() == home / "shared/hooks"
    assert stat.S_IMODE(drained.folder().stat().st_mode) == 0o700


def test_what_is_kept_is_read_again_and_is_each_host_s_own() -> None:
    Place("gpu1").write(Known(True, True))
    assert Place("gpu1").read() == Known(True, True)
    assert Place("gpu2").read() == Known()


def test_names_that_look_alike_as_files_are_two_hosts() -> None:
    names = ["gpu1", "GPU1", "gpu1.json", "gpu1%2Ejson", "a/b", "a%2Fb", "x" * 400, "x" * 401]
    assert len({Place(name).file for name in names}) == len(names)
    assert {Place(name).file.parent for name in names} == {drained.folder()}


def test_lock_is_gone_once_it_is_no_longer_held() -> None:
    place = Place("gpu1")
    with place.held():
        assert place.file.with_suffix(".lock").exists()
    assert not place.file.with_suffix(".lock").exists()


def test_folder_of_somebody_else_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drained.folder()
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(PermissionError, match="belongs to others"):
        Place("gpu1")
