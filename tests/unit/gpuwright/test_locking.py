"""The lock of a team's repository: digests of wheels, and no address."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuwright import locking
from stacks.locking.wheels import LockError
from tests.unit.an_index import ANY, Index, serving, wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index that uv is set to, on this machine."""
    with serving(tmp_path / "index") as made:
        monkeypatch.setenv("UV_DEFAULT_INDEX", made.address)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        yield made


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A repository that asks for gpuwright and something else."""
    folder = tmp_path / "a team"
    folder.mkdir()
    (folder / "requirements.in").write_text("gpuwright==1.0\nboto\n")
    return folder


def test_lock_has_the_digest_of_each_wheel_and_no_address(index: Index, team: Path) -> None:
    ours = index.put("gpuwright", ANY)
    index.put("boto", ANY)
    assert locking.write(team)
    text = (team / "requirements.lock").read_text()
    assert ours in text
    assert "boto==1.0" in text and "://" not in text and str(team) not in text
    assert not locking.write(team)


def test_wheel_in_a_folder_is_locked_by_its_digest(
    index: Index, team: Path, tmp_path: Path
) -> None:
    index.put("boto", ANY)
    place = tmp_path / "our wheels"
    place.mkdir()
    (place / f"gpuwright-1.0-{ANY}.whl").write_bytes(data := wheel("gpuwright"))
    text = locking.locked(team, [str(place)])
    assert hashlib.sha256(data).hexdigest() in text
    assert "://" not in text and str(tmp_path) not in text


def test_lock_stays_where_the_index_has_not_all(index: Index, team: Path) -> None:
    index.put("boto", ANY)
    (team / "requirements.lock").write_text("as it was\n")
    with pytest.raises(LockError, match="gpuwright"):
        locking.write(team)
    assert (team / "requirements.lock").read_text() == "as it was\n"


def test_folder_without_requests_is_named(tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"requirements\.in is missing: gpuwright init"):
        locking.write(tmp_path)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("file://{place}/our%20wheels/gpuwright-1.0-py3-none-any.whl", True),
        ("file://{place}/our%20wheels/gone-1.0-py3-none-any.whl", False),
        ("file://{place}/our%20wheels", False),
        ("https://example.org/gpuwright-1.0-py3-none-any.whl", False),
        (None, False),
    ],
)
def test_own_wheel_is_the_file_that_it_was_installed_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str | None, found: bool
) -> None:
    wheel = tmp_path / "our wheels/gpuwright-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"")

    class Installed:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return None if url is None else json.dumps({"url": url.format(place=tmp_path)})

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed())
    assert locking.own_wheel() == (wheel if found else None)


def test_wheels_are_looked_for_in_the_repository_too(tmp_path: Path) -> None:
    assert locking.places(tmp_path, ["x"]) == ["x"]
    (tmp_path / "wheels").mkdir()
    assert locking.places(tmp_path, ["x"]) == [str(tmp_path / "wheels"), "x"]
