"""What a bundle's folder still lacks for a host, and what is written from what is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.bundle import bundle_conflicts, host_work
from tasks.bundle.host_work import HostWork
from tasks.offline import index, manifest, wants
from tasks.offline.manifest import Manifest
from tests.unit.tasks import a_host, a_host_bundle
from tests.unit.tasks.a_host_bundle import DEBS, LOCK, RELEASE, WANTED, deb, lock

AT = wants.index_of(RELEASE)


def work(folder: Path, host: str = "lab1") -> HostWork:
    return HostWork(host, folder, a_host.plan(), WANTED, DEBS, {}, "amd64")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return a_host_bundle.made(tmp_path / "bundle")


def test_whole_bundle_lacks_nothing(bundle: Path) -> None:
    asked, known = work(bundle), manifest.read(bundle)
    assert host_work.lacking_debs(asked, known) == []
    assert host_work.lacking_locks(asked, known) == []
    assert host_work.lacking_tarballs(asked, known) == []
    assert not host_work.is_due(asked, known)
    assert bundle_conflicts.room(asked, known) == ()


def test_empty_folder_lacks_all(tmp_path: Path) -> None:
    asked = work(tmp_path / "none")
    assert host_work.lacking_debs(asked, Manifest()) == [*DEBS]
    assert host_work.lacking_locks(asked, Manifest()) == [LOCK]
    assert host_work.is_due(asked, Manifest())


def test_only_what_is_spoiled_or_new_is_fetched(bundle: Path) -> None:
    (bundle / DEBS[1].path).write_bytes(b"spoiled")
    newer = deb("curl", "1.0-2")
    asked = replace(work(bundle), debs=(*DEBS, newer))
    assert host_work.lacking_debs(asked, manifest.read(bundle)) == [DEBS[1], newer]


def test_package_that_another_release_has_is_written_down_for_this_one_too(bundle: Path) -> None:
    asked = work(bundle)
    asked = replace(asked, wanted=replace(asked.wanted, release="debian-13 x86_64"))
    assert len(host_work.lacking_debs(asked, manifest.read(bundle))) == len(DEBS)


def test_newer_lock_and_a_wheel_that_is_gone_are_due(bundle: Path) -> None:
    asked = work(bundle)
    newer = replace(asked, wanted=replace(WANTED, locks={LOCK: lock("torch")}))
    assert host_work.lacking_locks(newer, manifest.read(bundle)) == [LOCK]
    (bundle / "wheels/numpy-1.0-py3-none-any.whl").unlink()
    assert host_work.lacking_locks(asked, manifest.read(bundle)) == [LOCK]


def test_repository_is_due_for_another_host_and_where_its_files_changed(bundle: Path) -> None:
    assert host_work.is_due(work(bundle, "lab2"), manifest.read(bundle))
    (bundle / AT / "InRelease").write_text("cut")
    assert host_work.is_due(work(bundle), manifest.read(bundle))


def test_packages_of_hosts_before_stay_in_the_repository(bundle: Path) -> None:
    other = replace(work(bundle), debs=DEBS[:1])
    text = host_work.packages_text(other, manifest.read(bundle))
    assert {d.name for d in index.read(text)} == {d.name for d in DEBS}


def test_package_whose_file_is_not_there_is_not_listed(bundle: Path) -> None:
    def forget(now: Manifest) -> Manifest:
        return replace(now, files={p: e for p, e in now.files.items() if p != DEBS[0].path})

    manifest.change(bundle, forget)
    text = host_work.packages_text(work(bundle), manifest.read(bundle))
    assert DEBS[0].name not in {d.name for d in index.read(text)}


def test_page_of_wheels_has_each_with_its_hash(bundle: Path) -> None:
    known = manifest.read(bundle)
    page = host_work.links_text(known)
    sha256 = known.files["wheels/torch-1.0-py3-none-any.whl"].sha256
    assert f'href="torch-1.0-py3-none-any.whl#sha256={sha256}"' in page


def test_disk_that_is_too_small_is_told_before_anything_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bundle_conflicts.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20)
    )
    (conflict,) = bundle_conflicts.room(work(tmp_path / "none"), Manifest())
    assert conflict.code == "DISK-SMALL" and "packages, wheels, tarballs" in conflict.why
