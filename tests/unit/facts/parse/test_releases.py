"""Release files in apt's lists: found by the name that apt gives them, read field by field."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from facts.parse import releases
from tests.unit.facts import probe_text

COPY = "/var/lib/apt/lists/m.example_d_dists_bookworm_InRelease"


@pytest.mark.parametrize(
    ("uri", "suite", "stem"),
    [
        (
            "http://archive.example.org/debian",
            "bookworm",
            "archive.example.org_debian_dists_bookworm_",
        ),
        (
            "http://archive.example.org/debian/",
            "bookworm",
            "archive.example.org_debian_dists_bookworm_",
        ),
        ("https://u:p@m.example/d", "bookworm", "m.example_d_dists_bookworm_"),
        ("http://127.0.0.1:8081/d", "stable/updates", "127.0.0.1:8081_d_dists_stable_updates_"),
        ("http://m.example/a_b~c", "bookworm", "m.example_a%5fb%7ec_dists_bookworm_"),
        ("http://m.example/flat", "./", "m.example_flat_._"),
        ("http://m.example/flat/", "/", "m.example_flat_"),
        ("file:/srv/repo", "./", "_srv_repo_._"),
        ("file:///srv/repo", "bookworm", "_srv_repo_dists_bookworm_"),
        ("mirror+file:/etc/apt/m.txt", "bookworm", "_etc_apt_m.txt_dists_bookworm_"),
    ],
)
def test_archive_is_found_by_the_name_of_apts_own_copy(uri: str, suite: str, stem: str) -> None:
    assert releases.stem(uri, suite) == stem


@pytest.mark.skipif(not shutil.which("apt-ftparchive"), reason="apt-utils is not here")
@pytest.mark.parametrize("suite", ["./", "/", "bookworm", "stable/up"])
def test_apt_itself_names_its_copies_so(suite: str, tmp_path: Path) -> None:
    repo, lists = tmp_path / "re_po~1", tmp_path / "lists"
    folder = repo / ("." if suite.endswith("/") else f"dists/{suite}")
    (folder / "main/binary-amd64").mkdir(parents=True)
    (lists / "partial").mkdir(parents=True)
    for index in (folder / "Packages", folder / "main/binary-amd64/Packages"):
        index.write_text("")
    release = subprocess.run(
        ["apt-ftparchive", "-o", "APT::FTPArchive::Release::Origin=Me", "release", str(folder)],
        check=True,
        capture_output=True,
    )
    (folder / "Release").write_bytes(release.stdout)
    (tmp_path / "sources.list").write_text(
        f"deb [trusted=yes] file:{repo} {suite}{'' if suite.endswith('/') else ' main'}\n"
    )
    subprocess.run(
        ["apt-get", "update", "-q", "-o", "Debug::NoLocking=1", "-o", f"Dir::State::Lists={lists}"]
        + ["-o", f"Dir::Etc::SourceList={tmp_path}/sources.list", "-o", "Dir::Etc::SourceParts=-"]
        + ["-o", f"Dir::Cache={tmp_path}", "-o", "APT::Sandbox::User=root"],
        check=True,
        capture_output=True,
    )
    names = [path.name for path in lists.iterdir() if path.name.endswith("Release")]
    assert names == [f"{releases.stem(f'file:{repo}', suite)}Release"]


def test_release_files_are_read_with_what_they_say() -> None:
    found = probe_text.host(
        packages="@dpkg",
        sources="@releases\n"
        f"{COPY}:Origin: Debian\n"
        f"{COPY}:Codename: bookworm\n"
        f"{COPY}:Components: main contrib\n"
        f"{COPY}:Date: Sat, 10 Jan 2026 9:00:00 UTC\n"
        "/var/lib/apt/lists/other_._Release:Origin: Me: myself\n"
        "/var/lib/apt/lists/other_._Release:Date: yesterday\n"
        "no line of grep's\n",
    ).package_manager.releases
    debian = found["m.example_d_dists_bookworm_"]
    assert (debian.origin, debian.codename, debian.components) == (
        *("Debian", "bookworm"),
        ("main", "contrib"),
    )
    assert debian.date == 1768035600
    assert (found["other_._"].origin, found["other_._"].date) == ("Me: myself", None)
