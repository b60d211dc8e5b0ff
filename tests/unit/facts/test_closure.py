"""Which packages a host's apt would take: what it prints is read, and its script runs for real."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.closure import PackageClosure, closure

SAID = """\
== unread
E: Failed to fetch http://dead.example.org/x  502
== lacking
E: Unable to locate package nix
 nix : Depends: nothing
== uris
'http://deb.example.org/a%2b.deb' a+.deb 12 SHA256:{a}
'http://deb.example.org/b.deb' b.deb 12 MD5Sum:0
cut line
== show
Package: a
Version: 1

Package: b
== end
""".format(a="ab" * 32)


def test_answer_is_read() -> None:
    found = closure(SAID.splitlines())
    assert found.addresses == {"ab" * 32: "http://deb.example.org/a%2b.deb"}
    assert found.text == "Package: a\nVersion: 1\n\nPackage: b\n"
    assert found.lacking == "E: Unable to locate package nix nix : Depends: nothing"
    assert "502" in found.unread


def test_answer_without_complaints_has_none() -> None:
    found = closure(["== uris", "== show", "== end"])
    assert (found.text, found.addresses, found.lacking, found.unread) == ("\n", {}, "", "")


@pytest.mark.parametrize("lines", [[], ["== show", "Package: a"]])
def test_answer_that_was_cut_off_fails_its_host_alone(lines: list[str]) -> None:
    with pytest.raises(FactProcessError, match="cut off"):
        PackageClosure().process(lines)


def test_words_of_an_ask_stay_in_their_argument() -> None:
    words = PackageClosure().command(asks=(("a", "b=1:*"), ("c",)), offered=("d", "e"), pins="x\ny")
    first = words.split("<<")[0]
    assert "'a b=1:*' c" in first and "'d e'" in first


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not on this machine")
def test_host_without_sources_is_told_what_is_lacking_and_nothing_is_left_behind(
    tmp_path: Path,
) -> None:
    """The script itself; its further source is a folder with one package of this machine's own."""
    control = "Package: gw-one\nVersion: 2\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    (tmp_path / "d/DEBIAN").mkdir(parents=True)
    (tmp_path / "d/DEBIAN/control").write_text(control)
    (tmp_path / "repo").mkdir()
    subprocess.run(["dpkg-deb", "-b", "d", "repo/gw-one.deb"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["dpkg-scanpackages", "."], cwd=tmp_path / "repo", capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("dpkg-scanpackages is not on this machine")
    (tmp_path / "repo/Packages").write_text(listed.stdout)
    source = f"Types: deb\nURIs: copy:{tmp_path}/repo\nSuites: ./\nTrusted: yes\n"
    command = PackageClosure().command(
        asks=(("gw-one",), ("gw-two",)), offered=("gw-three",), sources=source
    )
    command = command.replace("/run/gpuwright-closure", f"{tmp_path}/closure").replace(
        "/etc/apt/sources.list.d/", f"{tmp_path}/none/"
    )
    command = command.replace(
        "Dir::Etc::SourceParts", 'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts'
    )
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    found = PackageClosure().process(done.stdout.splitlines())
    assert "Package: gw-one" in found.text, done.stdout + done.stderr
    assert list(found.addresses.values()) == [f"copy:{tmp_path}/repo/./gw-one.deb"]
    assert "gw-two" in found.lacking and "gw-three" not in found.lacking
    assert not list(tmp_path.glob("closure*"))
