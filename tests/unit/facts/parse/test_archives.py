"""Archives' answers: the script runs for real, with a stand-in for apt's program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.archives import ArchiveAnswers
from facts.parse.archives import ArchiveAnswer, answers

HELPER = """#!/bin/sh
for last; do file=$url url=$last; done
echo "$file" >>"$0.asked"
echo "$http_proxy" >"$0.proxy"
case $file in
  *good*InRelease) echo "E: Failed to fetch $file  404  Not Found"; exit 100 ;;
  *good*Release)
    printf '%s\\n' 'Origin: Debian' 'Codename: bookworm' 'Components: main contrib' MD5: >"$url" ;;
  *empty*) : >"$url" ;;
  *) echo "E: Failed to fetch $file  401  Unauthorized [IP: 192.0.2.1 80]"; exit 100 ;;
esac
"""


def told(
    folder: Path, *archives: tuple[str, str, str], surroundings: str = ""
) -> tuple[ArchiveAnswer, ...]:
    """What is answered of these archives; good.example's is there."""
    helper = folder / "apt-helper"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    fact = ArchiveAnswers()
    command = fact.command(archives, surroundings).replace("/usr/lib/apt/apt-helper", str(helper))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return fact.process(done.stdout.splitlines())


def test_every_archive_answers_for_itself_in_the_order_asked(tmp_path: Path) -> None:
    dead, good, flat = told(
        tmp_path,
        ("/x", "http://dead.example/d", "bookworm"),
        ("/x", "http://good.example/d/", "bookworm"),
        ("/x", "http://dead.example/flat", "./"),
    )
    assert (dead.release, dead.why) == (None, "401  Unauthorized [IP: 192.0.2.1 80]")
    assert good.release is not None and good.why == ""
    assert (good.release.origin, good.release.components) == ("Debian", ("main", "contrib"))
    assert flat.release is None
    asked = (tmp_path / "apt-helper.asked").read_text().split()
    assert "http://good.example/d/dists/bookworm/Release" in asked
    assert "http://dead.example/flat/./InRelease" in asked


def test_password_is_taken_from_the_file_that_has_it_and_told_to_nobody(tmp_path: Path) -> None:
    source = tmp_path / "x.list"
    source.write_text(
        "deb http://other:no@good.example.org/d bookworm main\n"
        "deb http://me:se/cret@good.example/d bookworm main\n"
        "deb http://me:s&cr*t@good.example/d bookworm main\n"
    )
    (found,) = told(tmp_path, (str(source), "http://HIDDEN@good.example/d", "bookworm"))
    assert found.release is not None
    asked = (tmp_path / "apt-helper.asked").read_text()
    assert "http://me:s&cr*t@good.example/d/dists" in asked
    (found,) = told(tmp_path, (str(source), "http://HIDDEN@good.example.org/bad", "bookworm"))
    assert "no@" not in repr(found)


def test_proxy_of_host_data_is_used(tmp_path: Path) -> None:
    (tmp_path / "surroundings").write_text("export http_proxy=http://proxy:3128\n")
    told(tmp_path, ("/x", "http://good.example/d", "b"), surroundings=f"{tmp_path}/surroundings")
    assert (tmp_path / "apt-helper.proxy").read_text() == "http://proxy:3128\n"


def test_host_without_room_for_a_folder_says_nothing_of_archives() -> None:
    output = ["##gpuwright-probe 1 n", "##n asked", "##n !asked no folder", "##n end"]
    assert answers(output, [("http://a", "b")]) == ()


def test_answer_that_is_cut_off_fails_this_host() -> None:
    fact = ArchiveAnswers()
    fact.command([("/x", "http://a", "b")])
    with pytest.raises(FactProcessError, match="cut off"):
        fact.process(["##gpuwright-probe 1 n", "##n asked"])
