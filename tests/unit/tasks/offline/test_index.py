"""The texts of a repository: what is written is read again, and what is no package is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.offline import index
from tests.unit.tasks.a_host_bundle import DEBS, deb

META, IMAGE = "linux-headers-amd64", "linux-image-amd64"


def test_packages_are_read_as_they_were_written_and_in_one_order() -> None:
    text = index.text(DEBS)
    assert index.text(reversed(index.read(text))) == text
    assert {d.name for d in index.read(text)} == {d.name for d in DEBS}
    assert "MD5sum" not in text and " more: of it" in text


def test_file_lies_under_its_content() -> None:
    one = deb("curl")
    assert one.path == f"pool/{one.sha256[:2]}/{one.sha256}.deb"
    assert f"Filename: {one.path}\n" in index.text([one])
    assert index.text([one]).count("Filename:") == 1


def test_same_file_twice_is_one_package() -> None:
    assert len(index.read(index.text([deb("curl")]) + index.text([deb("curl")]))) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Package: curl", "Package: ../../curl"),
        ("Package: curl", "Package:"),
        ("Version: 1.0-1", "Version:"),
        ("Size: ", "Size: -"),
        ("Size: ", "Size: ٣"),
        ("SHA256: ", "SHA256: ../"),
    ],
)
def test_stanza_that_is_none_is_refused(old: str, new: str) -> None:
    text = index.text([deb("curl")])
    assert old in text
    with pytest.raises(ValueError, match="without name, version, size or SHA-256"):
        index.read(text.replace(old, new))


def test_names_that_nothing_serves_are_told_with_their_version() -> None:
    asked = ["curl", "curl=1.0-*", "curl=2.*", "wget", "nvidia-driver=535.*"]
    assert index.lacking(DEBS, asked) == ["curl=2.*", "wget"]


def test_newest_kernel_is_the_one_whose_headers_and_image_are_both_there() -> None:
    there = [
        deb(META, "6.1.10", "linux-headers-6.1.0-10-amd64 (= 6.1.10)"),
        deb(META, "6.1.9", "linux-headers-6.1.0-9-amd64 (= 6.1.9)"),
        deb("linux-headers-6.1.0-10-amd64"),
        deb("linux-headers-6.1.0-9-amd64"),
    ]
    assert index.newest_kernels(there, [META]) == {}
    image = [deb(IMAGE, "6.1.10", "linux-image-6.1.0-10-amd64"), deb("linux-image-6.1.0-10-amd64")]
    assert index.newest_kernels([*there, *image], [META]) == {META: "6.1.0-10-amd64"}


def test_headers_are_told_for_each_kernel() -> None:
    kernels = ["6.1.0-9-amd64", "6.1.0-10-amd64"]
    assert index.headers_of(DEBS, kernels) == {"6.1.0-9-amd64": True, "6.1.0-10-amd64": False}


def test_apt_itself_reads_the_list(tmp_path: Path) -> None:
    """apt-cache of this machine, with nothing else to read."""
    (tmp_path / "Packages").write_text(index.text(DEBS))
    done = subprocess.run(
        ["apt-cache", "-o", "Dir::State::status=/dev/null", "-o", "Dir::Etc::SourceList=/dev/null"]
        + ["-o", "Dir::Etc::SourceParts=/dev/null", "-o", "Dir::State::Lists=" + str(tmp_path)]
        + ["-o", "Dir::Cache::pkgcache=", "--with-source", str(tmp_path / "Packages")]
        + ["show", "nvidia-driver"],
        capture_output=True,
        text=True,
    )
    assert "Version: 535.309.01-1" in done.stdout, done.stderr
