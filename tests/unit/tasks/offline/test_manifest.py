"""A bundle's manifest: read as written, changed by one run at a time, never led astray."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.offline import manifest
from tasks.offline.manifest import Base, BundleError, Entry, Manifest

ONE = Entry("ab" * 32, 3, ("torch",))


def test_folder_without_a_manifest_is_an_empty_bundle(tmp_path: Path) -> None:
    assert manifest.read(tmp_path / "not made yet") == Manifest()


def test_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    whole = Manifest(
        files={"wheels/a.whl": ONE},
        locks={"torch": "cd" * 32},
        bases={"debian:bookworm-slim x86_64": Base("bases/d.tar", ("sha256:1", "sha256:2"))},
        archives={"bookworm": ("git", "openssh-server")},
    )
    manifest.change(tmp_path / "bundle", lambda _: whole)
    assert manifest.read(tmp_path / "bundle") == whole


def test_runs_at_the_same_time_lose_nothing_of_each_other(tmp_path: Path) -> None:
    def add(number: int) -> None:
        name = f"wheels/{number}.whl"
        manifest.change(tmp_path, lambda now: now.with_file(name, ONE))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert len(manifest.read(tmp_path).files) == 40


def test_change_that_fails_leaves_the_manifest_of_before(tmp_path: Path) -> None:
    manifest.change(tmp_path, lambda now: now.with_file("wheels/a.whl", ONE))
    with pytest.raises(BundleError):
        manifest.change(tmp_path, lambda now: now.with_file("../a", ONE))
    assert list(manifest.read(tmp_path).files) == ["wheels/a.whl"]


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "wheels/../../x",
        "wheels/a/../../../x",
        "wheels/a b",
        "alone",
        "wheels/.hidden",
        "a//b",
    ],
)
def test_path_that_could_lead_out_of_the_folder_is_refused(path: str) -> None:
    with pytest.raises(BundleError, match="is no name for a file of a bundle"):
        Manifest().with_file(path, ONE)


def test_same_file_for_two_locks_has_both_as_owners() -> None:
    other = Entry(ONE.sha256, ONE.size, ("services",))
    both = Manifest().with_file("wheels/a.whl", ONE).with_file("wheels/a.whl", other)
    assert both.files["wheels/a.whl"].of == ("services", "torch")
    assert both.of("torch") == both.of("services") == dict(both.files)


def test_other_file_of_that_name_belongs_to_its_new_owner_alone() -> None:
    other = Entry("cd" * 32, ONE.size, ("services",))
    now = Manifest().with_file("wheels/a.whl", ONE).with_file("wheels/a.whl", other)
    assert now.files["wheels/a.whl"] == other
    assert now.of("torch") == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "files": {"a/b": {}}}', "\xff"])
def test_file_that_is_no_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / manifest.NAME).write_text(text, encoding="latin-1")
    with pytest.raises(BundleError, match=r"manifest\.json is no manifest of a bundle"):
        manifest.read(tmp_path)


def test_manifest_of_a_newer_release_is_refused_with_both_schemas(tmp_path: Path) -> None:
    newer = manifest.SCHEMA + 1
    (tmp_path / manifest.NAME).write_text(json.dumps({"schema": newer}))
    with pytest.raises(BundleError, match=f"of schema {newer}; this release reads"):
        manifest.read(tmp_path)


def test_fault_of_a_file_is_told_by_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "a"
    entry = Entry(hashlib.sha256(b"abc").hexdigest(), 3, ("torch",))
    assert manifest.fault(tmp_path, "a", entry) == "a is not there"
    file.write_bytes(b"abcd")
    assert manifest.fault(tmp_path, "a", entry) == "a has 4 bytes, and not 3"
    file.write_bytes(b"abd")
    assert entry.sha256 in manifest.fault(tmp_path, "a", entry)
    file.write_bytes(b"abc")
    assert manifest.fault(tmp_path, "a", entry) == ""
    assert manifest.entry_of(file, "torch") == entry
