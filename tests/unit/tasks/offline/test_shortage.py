"""Bundles that are not for this host, or not what they say, are refused with a code and by name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.model.plan import Download
from tasks.offline import manifest, shortage
from tasks.offline.wants import KEY, Wants
from tests.unit.tasks import a_host_bundle
from tests.unit.tasks.a_host_bundle import DEBS, LOCK, RELEASE, WANTED, lock

CURL = DEBS[0].path
WHEEL = "wheels/torch-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_host_bundle.made(tmp_path_factory.mktemp("made") / "a bündel")


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(original, tmp_path / "a bündel"))


def refused(
    bundle: Path, wanted: Wants = WANTED, pinned: str = "", elsewhere: bool = False
) -> dict[str, str]:
    """Code to reason."""
    opened, conflicts = shortage.opened(bundle, wanted.release, pinned)
    if opened is not None:
        conflicts = shortage.conflicts(opened, wanted, elsewhere)
    return {c.code: f"{c.what}: {c.why}" for c in conflicts}


def change(bundle: Path, changed: Callable[[dict[str, object]], None]) -> None:
    """Write another manifest."""
    file = bundle / manifest.NAME
    told = json.loads(file.read_text())
    changed(told)
    file.write_text(json.dumps(told))


def test_whole_bundle_is_taken(bundle: Path) -> None:
    assert refused(bundle) == {}
    assert refused(bundle, pinned=manifest.read(bundle).key) == {}


def test_bundle_of_another_release_says_both(bundle: Path) -> None:
    said = refused(bundle, dataclasses.replace(WANTED, release="debian-13 x86_64"))
    assert "this host is debian-13 x86_64; the bundle is for debian-12 x86_64" in said.pop(
        "BUNDLE-RELEASE"
    )
    assert not said


def test_folder_without_a_bundle_is_told(tmp_path: Path) -> None:
    assert "holds no bundle" in refused(tmp_path / "nowhere")["BUNDLE-FOLDER"]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def swapped(file: Path) -> None:
    file.write_bytes(file.read_bytes()[::-1])


def linked(file: Path) -> None:
    other = file.with_name("other")
    file.replace(other)
    file.symlink_to(other)


def gone(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [(cut, "bytes, and not"), (swapped, "SHA-256"), (linked, "link"), (gone, "is not there")],
)
@pytest.mark.parametrize("path", [CURL, WHEEL, "apt/debian-12-x86_64/Packages", KEY])
def test_damage_is_named_by_file(
    bundle: Path, path: str, harm: Callable[[Path], None], words: str
) -> None:
    harm(bundle / path)
    said = refused(bundle)
    assert list(said) == ["BUNDLE-SPOILED"]
    assert path in said["BUNDLE-SPOILED"] and words in said["BUNDLE-SPOILED"]


def test_folder_that_is_a_link_is_no_part_of_a_bundle(bundle: Path, tmp_path: Path) -> None:
    (bundle / "wheels").rename(tmp_path / "wheels")
    (bundle / "wheels").symlink_to(tmp_path / "wheels")
    assert "led out" in refused(bundle)["BUNDLE-SPOILED"]


@pytest.mark.parametrize("path", ["../../etc/shadow", "/etc/shadow", "pool/../../x"])
def test_path_that_leads_out_is_refused(bundle: Path, path: str) -> None:
    def lead_out(told: dict[str, object]) -> None:
        files = told["files"]
        assert isinstance(files, dict)
        files[path] = files.pop(CURL)

    change(bundle, lead_out)
    assert "is no path of a file in it" in refused(bundle)["BUNDLE-FOLDER"]


@pytest.mark.parametrize("name", ["../apt", "/apt/x", 3])
def test_repository_that_leads_out_is_refused(bundle: Path, name: object) -> None:
    change(bundle, lambda told: told.update(releases={RELEASE: {"index": name, "hosts": []}}))
    assert "BUNDLE-FOLDER" in refused(bundle)


def test_other_key_in_the_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    other = a_host_bundle.made(tmp_path / "other")
    a_host_bundle.put(bundle, KEY, (other / KEY).read_bytes(), "hosts")
    said = refused(bundle)["BUNDLE-KEY"]
    assert manifest.read(bundle).key in said and manifest.read(other).key in said


def test_other_key_than_host_data_name_is_refused(bundle: Path) -> None:
    assert "A" * 40 in refused(bundle, pinned="A" * 40)["BUNDLE-KEY"]


def test_bytes_that_are_no_key_are_refused(bundle: Path) -> None:
    a_host_bundle.put(bundle, KEY, b"\xffno key", "hosts")
    assert "no public key" in refused(bundle)["BUNDLE-KEY"]


def test_missing_parts_are_named(bundle: Path) -> None:
    download = Download("cuda_nvcc", "https://example.org", "nvcc.tar.xz", "ab" * 32)
    wanted = dataclasses.replace(
        WANTED,
        asks=(("curl", "wget"), ("nvidia-driver=580.*",)),
        locks={"debian-12/other.txt": lock("jax")},
        tarballs=(download,),
    )
    said = refused(bundle, wanted)
    assert list(said) == ["BUNDLE-LACKS"]
    for word in ("wget", "nvidia-driver=580.*", "jax==1.0", "cuda_nvcc"):
        assert word in said["BUNDLE-LACKS"]
    assert "curl" not in said["BUNDLE-LACKS"]


def test_lock_of_another_content_is_told(bundle: Path) -> None:
    wanted = dataclasses.replace(WANTED, locks={LOCK: lock("torch")})
    assert list(refused(bundle, wanted)) == ["BUNDLE-LOCK"]


def test_files_that_lie_elsewhere_are_not_looked_for_here(bundle: Path) -> None:
    (bundle / CURL).unlink()
    (bundle / WHEEL).unlink()
    assert refused(bundle, elsewhere=True) == {}
    (bundle / KEY).unlink()
    assert list(refused(bundle, elsewhere=True)) == ["BUNDLE-SPOILED"]
