"""Files that were fetched once: found again, and never believed."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from tasks.transfer import cache

DIGEST = hashlib.sha256(b"right").hexdigest()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    made = tmp_path / "cache"
    made.mkdir(mode=0o700)
    file = tmp_path / "first"
    file.write_bytes(b"right")
    cache.keep(made, DIGEST, file)
    return made


def test_file_comes_out_and_takes_no_room(kept: Path, tmp_path: Path) -> None:
    assert cache.taken(kept, DIGEST, tmp_path / "second")
    assert (tmp_path / "second").read_bytes() == b"right"
    assert (tmp_path / "second").samefile(tmp_path / "first")


def test_file_that_was_changed_goes_and_is_not_given(kept: Path, tmp_path: Path) -> None:
    (kept / DIGEST).write_bytes(b"wrong")
    assert not cache.taken(kept, DIGEST, tmp_path / "second")
    assert not (tmp_path / "second").exists() and list(kept.iterdir()) == []


def test_link_in_the_cache_is_not_followed(kept: Path, tmp_path: Path) -> None:
    (kept / DIGEST).unlink()
    (kept / DIGEST).symlink_to(tmp_path / "first")
    assert not cache.taken(kept, DIGEST, tmp_path / "second")


def test_file_is_copied_from_another_disk(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*words: object, **more: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", elsewhere)
    assert cache.taken(kept, DIGEST, tmp_path / "second")
    assert not (tmp_path / "second").samefile(tmp_path / "first")
    cache.keep(kept, "0" * 64, tmp_path / "second")
    assert [file.name for file in kept.iterdir()] == [DIGEST]


def test_file_that_no_bundle_has_goes_after_a_month(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = cache.time.time()
    monkeypatch.setattr(cache.time, "time", lambda: now + cache.UNUSED_S + 60)
    cache.keep(kept, DIGEST, tmp_path / "first")
    assert (kept / DIGEST).exists()
    (tmp_path / "first").unlink()
    cache.keep(kept, DIGEST, tmp_path / "absent")
    assert not (kept / DIGEST).exists()


def test_folder_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, "off")
    assert cache.folder() is None
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "named"))
    assert cache.folder() == tmp_path / "named"
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "gpuwright" / "files"


@pytest.mark.parametrize("how", ["open to all", "a link", "a file", "no folder can be made"])
def test_folder_that_others_can_fill_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    place = tmp_path / "cache"
    monkeypatch.setenv(cache.VARIABLE, str(place))
    if how == "open to all":
        place.mkdir()
        place.chmod(0o777)
    elif how == "a link":
        place.symlink_to(tmp_path)
    elif how == "a file":
        place.write_text("")
    else:
        monkeypatch.setenv(cache.VARIABLE, "/proc/nothing/cache")
    assert cache.folder() is None
