"""Wheels of a lock, as the real uv finds them in an index on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.model.image import ImagePlan
from tasks.bundle import contents, wheels
from tasks.bundle.contents import Contents
from tasks.bundle.work import lacking_wheels
from tasks.offline import manifest
from tasks.offline.manifest import BundleError
from tests.unit.an_index import ANY, Index, serving
from tests.unit.tasks import an_image

LOCK = "torch-of-the-test.txt"
OURS = "cp311-cp311-manylinux_2_28_x86_64"
TOO_NEW = "cp311-cp311-manylinux_2_39_x86_64"
OTHER_PYTHON = "cp312-cp312-manylinux_2_28_x86_64"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with serving(tmp_path / "index") as made:
        yield made


def plan(index: Index) -> ImagePlan:
    torch = dataclasses.replace(an_image.plan().torch, default_index=index.address)
    return an_image.plan(torch=torch, cuda=None, cudnn=None)


def asked(text: str) -> Contents:
    return Contents("debian:bookworm-slim", "x86_64", {LOCK: {"needs": text}}, {}, {})


def collect(folder: Path, index: Index, text: str) -> list[str]:
    """Collect, and say what was fetched."""
    said: list[str] = []
    digest = contents.lock_digest({"needs": text})
    wheels.collect(folder, plan(index), LOCK, text, digest, said.append)
    return said


def test_wheels_for_the_image_come_and_no_others(index: Index, tmp_path: Path) -> None:
    text = index.put("one", ANY) + index.put("two", OURS, OTHER_PYTHON, TOO_NEW)
    bundle = tmp_path / "bundle"
    collect(bundle, index, text)
    assert {path.name for path in (bundle / "wheels").iterdir()} == {
        f"one-1.0-{ANY}.whl",
        f"two-1.0-{OURS}.whl",
    }
    known = manifest.read(bundle)
    assert lacking_wheels(bundle, known, asked(text)) == []
    assert known.locks == {LOCK: contents.lock_digest({"needs": text})}
    assert "127.0.0.1" not in (bundle / "manifest.json").read_text()


def test_only_what_is_spoiled_is_fetched_again(index: Index, tmp_path: Path) -> None:
    text = index.put("one", ANY) + index.put("two", OURS)
    bundle = tmp_path / "bundle"
    collect(bundle, index, text)
    (bundle / f"wheels/one-1.0-{ANY}.whl").write_bytes(b"spoiled")
    assert lacking_wheels(bundle, manifest.read(bundle), asked(text)) == [LOCK]
    assert collect(bundle, index, text) == [f"fetching wheels/one-1.0-{ANY}.whl"]
    assert lacking_wheels(bundle, manifest.read(bundle), asked(text)) == []


def test_newer_lock_keeps_what_both_have(index: Index, tmp_path: Path) -> None:
    text = index.put("one", ANY)
    bundle = tmp_path / "bundle"
    collect(bundle, index, text)
    more = text + index.put("two", ANY)
    assert lacking_wheels(bundle, manifest.read(bundle), asked(more)) == [LOCK]
    assert collect(bundle, index, more) == [f"fetching wheels/two-1.0-{ANY}.whl"]


def test_file_that_the_lock_does_not_allow_is_not_taken(index: Index, tmp_path: Path) -> None:
    """The index has other bytes under the same name."""
    index.put("one", ANY)
    with pytest.raises(BundleError, match=f"a hash of the lock {LOCK}: one==1.0"):
        collect(tmp_path / "bundle", index, f"one==1.0 --hash=sha256:{'0' * 64}\n")


def test_index_that_lacks_a_package_is_told_in_uvs_words(index: Index, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"you require\s+nothing==1\.0"):
        collect(tmp_path / "bundle", index, f"nothing==1.0 --hash=sha256:{'0' * 64}\n")


def test_platform_is_that_of_the_base_and_never_newer_than_uv_knows() -> None:
    assert wheels.platform(an_image.plan(os="debian-12")) == "x86_64-manylinux_2_36"
    assert wheels.platform(an_image.plan(os="debian-13")) == "x86_64-manylinux_2_40"
