"""Lists are judged by which archive could not be read: strangers' alone do not stop a run.

The shell runs for real, with apt-get's own words from Debian 12 and a stand-in that says them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.packages import apt
from tasks.steps import surroundings
from tasks.steps.surroundings import Strangers

DEAD = "http://dead.example/debian bookworm"
FLAT = "http://dead.example/flat ./"
CDROM = "cdrom://[Debian GNU/Linux 12] bookworm"
NEEDED = "http://deb.example/debian bookworm"
STRANGERS = (DEAD, FLAT, CDROM, "mirror+file:/etc/apt/mirrors.txt bookworm")


def run(
    folder: Path, said: str, complaint: str, strangers: tuple[str, ...] = STRANGERS
) -> tuple[int, str]:
    """Exit status and words of `apt.refresh` where apt-get says this and fails."""
    (folder / "said").write_text(said)
    (folder / "complaint-of-apt").write_text(complaint)
    tools = folder / "bin"
    tools.mkdir()
    (tools / "apt-get").write_text(
        '#!/bin/sh\necho >>"$CALLS"\ncat "$0.said"; cat "$0.complaint" >&2; exit 100\n'
    )
    (folder / "said").rename(tools / "apt-get.said")
    (folder / "complaint-of-apt").rename(tools / "apt-get.complaint")
    (tools / "sleep").write_text("#!/bin/sh\n")
    for tool in ("apt-get", "sleep"):
        (tools / tool).chmod(0o755)
    known = f"export GPUWRIGHT_STRANGERS='{chr(10).join(strangers)}'\n"
    done = subprocess.run(
        ["sh", "-euc", known + apt.refresh()],
        cwd=folder,
        env={"PATH": f"{tools}:{os.environ['PATH']}", "CALLS": str(folder / "calls")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (f"Err:3 {DEAD} InRelease\n  Could not resolve 'dead.example'", ""),
        (
            f"Err:3 {DEAD} InRelease\n  401  Unauthorized [IP: 192.0.2.1 80]",
            f"E: The repository '{DEAD} InRelease' is not signed.\nN: Updating from such …",
        ),
        (
            f"Err:3 {DEAD} Release\n  404  Not Found",
            f"E: The repository '{DEAD} Release' does not have a Release file.",
        ),
        (
            f"Err:3 {DEAD} InRelease\n  The following signatures couldn't be verified: NO_PUBKEY 1",
            f"W: GPG error: {DEAD} InRelease: NO_PUBKEY 1\n"
            f"E: The repository '{DEAD} InRelease' is not signed.",
        ),
        (
            f"Err:4 {DEAD}/main amd64 Packages\n  File has unexpected size",
            "E: Failed to fetch http://cdn.example/x/Packages.xz  File has unexpected size\n"
            "E: Some index files failed to download. They have been ignored, or old ones used.",
        ),
        (f"Err:8 {FLAT} InRelease\n  Could not resolve", ""),
        (
            f"Err:5 {CDROM} Release\n  Please use apt-cdrom",
            f"E: The repository '{CDROM} Release' does not have a Release file.",
        ),
        (
            "Err:9 file:/etc/apt/mirrors.txt Mirrorlist\n  File not found\n"
            "Err:13 mirror+file:/etc/apt/mirrors.txt bookworm Release\n  Downloading failed",
            "E: The repository 'mirror+file:/etc/apt/mirrors.txt bookworm Release' does not have "
            "a Release file.",
        ),
        (
            f"Get:1 {DEAD} InRelease",
            "E: Release file for http://dead.example/debian/dists/bookworm/InRelease is expired "
            "(invalid since 1d). Updates for this repository will not be applied.",
        ),
        (
            f"Get:1 {DEAD} InRelease",
            f"E: Repository '{DEAD} InRelease' changed its 'Origin' value from 'a' to 'b'",
        ),
    ],
)
def test_strangers_failure_is_told_and_passed_over(
    said: str, complaint: str, tmp_path: Path
) -> None:
    code, words = run(tmp_path, f"Hit:1 {NEEDED} InRelease\n{said}\n", f"{complaint}\n")
    assert code == 0, words
    assert words.count("not read, and nothing is taken from it: ") == 1
    assert (tmp_path / "calls").read_text() == "\n", "it was not tried again"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (f"Err:1 {NEEDED} InRelease", ""),
        (f"Err:1 {NEEDED}-security InRelease\nErr:3 {DEAD} InRelease", ""),
        (f"Err:3 {DEAD} InRelease", f"E: The repository '{NEEDED} InRelease' is not signed."),
        (f"Err:3 {DEAD}-backports InRelease", ""),
        (f"Err:3 {DEAD} InRelease", "E: Malformed entry 1 in list file /etc/apt/sources.list"),
        (f"Err:3 {DEAD} InRelease", "E: Unable to parse package file x"),
        ("", "E: Failed to fetch http://dead.example/debian/dists/bookworm/InRelease"),
        ("", ""),
    ],
)
def test_failure_of_what_is_needed_or_unknown_is_a_failure(
    said: str, complaint: str, tmp_path: Path
) -> None:
    code, words = run(tmp_path, f"{said}\n", f"{complaint}\n")
    assert code == 100, words
    assert len((tmp_path / "calls").read_text()) == 4


def test_without_strangers_every_failure_counts(tmp_path: Path) -> None:
    assert run(tmp_path, f"Err:3 {DEAD} InRelease\n", "", ())[0] == 100


@pytest.mark.skipif(not shutil.which("apt-get"), reason="apt is not here")
def test_apt_itself_says_so(tmp_path: Path) -> None:
    """The words above are apt's: a file archive that is not there, of this machine's own apt."""
    (tmp_path / "lists/partial").mkdir(parents=True)
    (tmp_path / "sources.list").write_text("deb [trusted=yes] file:/nowhere/x bookworm main\n")
    (tmp_path / "apt.conf").write_text(
        f'Dir::State::Lists "{tmp_path}/lists";\nDir::Cache "{tmp_path}";\n'
        f'Dir::Etc::SourceList "{tmp_path}/sources.list";\nDir::Etc::SourceParts "-";\n'
        'Debug::NoLocking "1";\n'
    )
    text = surroundings.text(
        surroundings.NetworkSettings(), Strangers(archives=("file:/nowhere/x bookworm",))
    )
    done = subprocess.run(
        ["sh", "-euc", text + apt.refresh()],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "APT_CONFIG": str(tmp_path / "apt.conf")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "nothing is taken from it: file:/nowhere/x bookworm" in done.stdout
