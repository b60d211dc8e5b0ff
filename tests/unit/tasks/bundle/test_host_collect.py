"""The steps that fill a bundle for hosts, as pyinfra prepares them, and what they make of files."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.bundle import audit, host_collect, host_work
from tasks.bundle.host_work import HostWork
from tasks.offline import manifest, shortage
from tasks.offline.index import Deb
from tasks.offline.manifest import BundleError
from tests.unit.tasks import a_host, a_host_bundle
from tests.unit.tasks.a_host_bundle import DEBS, RELEASE, WANTED, content, deb
from tests.unit.tasks.a_run import ARun

ADDRESSES = {one.sha256: f"http://me:secret@archive.example.org/{one.name}.deb" for one in DEBS}
STEPS = ("packages", "wheels_of_locks", "tarballs", "repository")


def work(folder: Path) -> HostWork:
    return HostWork("gpu1", folder, a_host.plan(), WANTED, DEBS, ADDRESSES, "amd64")


def packed(folder: Path, debs: tuple[Deb, ...], spoil: str = "") -> Path:
    """What a host sends."""
    path = folder / "batch.tar"
    with tarfile.open(path, "w") as archive:
        for one in debs:
            body = content(f"{one.name} {one.version}") if one.name != spoil else b"x" * one.size
            member = tarfile.TarInfo(f"../../{one.sha256}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def prepared(asked: HostWork) -> list[str]:
    run = ARun(a_host.bare())
    for name in STEPS:
        run.prepared(lambda name=name: getattr(host_collect, name)(work=asked, name=name))  # type: ignore[misc]
    return run.changes


def test_empty_folder_is_filled_and_a_whole_one_left_alone(tmp_path: Path) -> None:
    assert prepared(work(tmp_path / "empty")) == ["packages", "wheels_of_locks", "repository"]
    whole = a_host_bundle.made(tmp_path / "whole")
    assert prepared(replace(work(whole), host="lab1")) == []


def test_what_came_lies_under_its_content_with_its_source_and_without_a_login(
    tmp_path: Path,
) -> None:
    bundle = tmp_path / "bundle"
    host_collect._unpacked(packed(tmp_path, DEBS), work(bundle), [*DEBS])
    known = manifest.read(bundle)
    assert host_work.lacking_debs(work(bundle), known) == []
    entry = known.files[DEBS[0].path]
    assert entry.of == (RELEASE,) and entry.licence.startswith("non-free")
    assert entry.source.endswith("archive.example.org/curl.deb")
    assert "secret" not in (bundle / "manifest.json").read_text()
    assert {p.name for p in tmp_path.iterdir()} == {"bundle", "batch.tar"}


def test_file_that_came_spoiled_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="curl came as another file"):
        host_collect._unpacked(packed(tmp_path, DEBS, "curl"), work(tmp_path / "b"), [*DEBS])
    assert not list((tmp_path / "b").rglob("*.part"))
    assert not (tmp_path / "b" / DEBS[0].path).exists()


def test_file_that_did_not_come_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"lacks linux-headers-6\.1\.0-9-amd64"):
        host_collect._unpacked(packed(tmp_path, DEBS[:2]), work(tmp_path / "b"), [*DEBS])


def test_large_files_come_alone_and_small_ones_together() -> None:
    big = replace(deb("cuda"), size=host_collect.BATCH_BYTES + 1)
    assert [*host_collect.batches([*DEBS, big, *DEBS])] == [[*DEBS], [big], [*DEBS]]
    many = [deb(f"p{n}") for n in range(host_collect.BATCH_FILES + 1)]
    assert [len(batch) for batch in host_collect.batches(many)] == [host_collect.BATCH_FILES, 1]
    assert [*host_collect.batches([])] == []


def test_repository_that_is_written_is_whole_and_for_this_host(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    asked = work(bundle)
    host_collect._unpacked(packed(tmp_path, DEBS), asked, [*DEBS])
    for name in a_host_bundle.WHEELS:
        path = f"wheels/{name}-1.0-py3-none-any.whl"
        a_host_bundle.put(bundle, path, content(name), a_host_bundle.LOCK)
    host = ARun(a_host.bare()).host
    assert host_collect._sign(host, asked)
    known = manifest.read(bundle)
    assert not host_work.is_due(asked, known)
    found = audit.audited(bundle)
    assert not found.faults, found.lines
    opened, conflicts = shortage.opened(bundle, RELEASE, known.key)
    assert opened is not None and not conflicts
    assert shortage.conflicts(opened, WANTED) == []


def test_second_release_is_signed_by_the_same_key_and_the_first_stays(tmp_path: Path) -> None:
    bundle = a_host_bundle.made(tmp_path / "bundle")
    other = work(bundle)
    other = replace(other, wanted=replace(WANTED, release="debian-13 x86_64"), debs=DEBS[:1])
    host_collect._unpacked(packed(tmp_path, DEBS[:1]), other, [DEBS[0]])
    before = manifest.read(bundle).key
    assert host_collect._sign(ARun(a_host.bare()).host, other)
    known = manifest.read(bundle)
    assert set(known.releases) == {RELEASE, "debian-13 x86_64"} and known.key != before
    assert known.files[DEBS[0].path].of == (RELEASE, "debian-13 x86_64")
    assert not audit.audited(bundle).faults


def test_job_skips_what_is_there_and_names_what_does_not_come(tmp_path: Path) -> None:
    """The script runs for real, with a stand-in of apt's own program."""
    helper = tmp_path / "helper"
    helper.write_text(
        '#!/bin/sh\nwhile [ "$1" != download-file ]; do shift; done\n'
        'case $2 in *curl*) printf "the file of curl 1.0-1" >"$3" ;; *) exit 1 ;; esac\n'
    )
    helper.chmod(0o755)
    job = host_collect.packages_job(work(tmp_path), [DEBS[0], DEBS[1]])
    script = job.script.replace("/usr/lib/apt/apt-helper", str(helper))
    (tmp_path / "list").write_text(dict(job.inputs)["list"])
    done = subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 100
    assert "could not be fetched: http://HIDDEN@archive.example.org/nvidia" in done.stdout
    assert (tmp_path / "debs" / DEBS[0].sha256).read_bytes() == content("curl 1.0-1")
