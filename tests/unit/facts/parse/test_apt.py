"""apt's sources as apt itself reads them; where it is at hand, it judges."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.facts.probe_text import host


def test_one_line_sources_are_read_without_comments_and_source_packages() -> None:
    (source,) = host(
        sources="@/etc/apt/sources.list\n"
        "# deb http://old.example/debian stretch main\n"
        "deb-src http://a.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian bookworm main contrib # mine"
    ).package_manager.sources
    assert source.uris == ("http://a.example/debian",)
    assert source.components == ("main", "contrib")
    assert (source.signed_by, source.options) == ("/k.gpg", {"arch": "amd64"})


def test_deb822_stanza_with_two_suites_and_a_key_inside() -> None:
    (source,) = host(
        sources="@/etc/apt/sources.list.d/a.sources\n"
        "Types: deb deb-src\nURIs: http://a.example/debian\nSuites: bookworm bookworm-updates\n"
        "# a comment\nComponents: main\n non-free\nSigned-By:\n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
        "\nTypes: deb\nURIs: http://b.example\nSuites: x\nEnabled: no\n"
    ).package_manager.sources
    assert source.suites == ("bookworm", "bookworm-updates")
    assert source.components == ("main", "non-free")
    assert source.signed_by == "key in the file itself"


ONE_LINE = [
    "deb\thttp://a.example/debian\tbookworm  main # mine",
    "  deb [ arch=amd64 signed-by=/k.gpg ] http://a.example/debian bookworm main#mine",
    'deb "http://a.example/debian" bookworm main',
    "#deb http://a.example/debian bookworm main",
    "deb http://a.example/debian ./",
    "deb [signed-by=/k#1.gpg] http://a.example/debian bookworm main # [mine]",
]
STANZA = "URIs: http://a.example/debian\nSuites: bookworm\nComponents: main\n"
STANZAS = [
    f"\n\nTypes:deb  \n{STANZA}\n\n",
    "types: deb\nuris:\n http://a.example/debian\n# mine\n\thttp://b.example/\nsuites: x\n"
    "components: main\n",
    *(f"Types: deb\n{STANZA}Enabled: {word}\n" for word in ("0", "No", "disable", "1", "never")),
    f"Types: deb\n{STANZA}\nTypes: deb\nURIs: http://b.example/\nSuites: y\nComponents: z\n",
    f"Types: deb\n{STANZA} \n contrib\nEnabled: no\n",
    f"Types: deb\n{STANZA}\t\nURIs: http://b.example/\n",
    f"  \nTypes: deb\n{STANZA}",
]
PARTS = (
    "a.list",
    "a b.list",
    "b+c.list",
    "d:e.list",
    "f@g.list",
    ".h.list",
    "i.j.list",
    "k(copy).list",
)


@pytest.mark.skipif(not shutil.which("apt-get"), reason="apt judges")
@pytest.mark.parametrize(
    ("name", "text"), [*(("a.list", t) for t in ONE_LINE), *(("a.sources", t) for t in STANZAS)]
)
def test_sources_are_those_that_apt_reads(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text + "\n")
    said = subprocess.run(
        ["apt-get", "update", "--print-uris"]
        + ["-o", f"Dir::Etc::sourcelist={file}", "-o", "Dir::Etc::sourceparts=/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = host(sources=f"@/etc/apt/{name}\n{text}").package_manager.sources
    ours = {
        f"{uri.rstrip('/')}/{suite if suite == './' else f'dists/{suite}/'}InRelease"
        for source in found
        for uri in source.uris
        for suite in source.suites
    }
    assert {w.strip("'") for w in said.split() if w.endswith("InRelease'")} == ours


@pytest.mark.skipif(not shutil.which("apt-get"), reason="apt judges")
def test_files_of_sources_are_those_that_apt_reads(tmp_path: Path) -> None:
    for at, name in enumerate(PARTS):
        (tmp_path / name).write_text(f"deb http://h{at}.example/debian bookworm main\n")
    said = subprocess.run(
        ["apt-get", "update", "--print-uris"]
        + ["-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={tmp_path}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    text = "\n".join(
        f"@/etc/apt/sources.list.d/{file.name}\n{file.read_text()}" for file in tmp_path.iterdir()
    )
    ours = {
        f"{s.uris[0]}/dists/{s.suites[0]}/InRelease"
        for s in host(sources=text).package_manager.sources
    }
    assert {w.strip("'") for w in said.split() if w.endswith("InRelease'")} == ours
    assert 0 < len(ours) < len(PARTS)


@pytest.mark.skipif(not shutil.which("apt-get"), reason="apt judges")
@pytest.mark.parametrize("text", [ONE_LINE[0], STANZAS[0], STANZAS[1]])
def test_sources_written_on_windows_are_read_as_apt_reads_them(text: str, tmp_path: Path) -> None:
    """The look at a host takes carriage returns away; apt takes them for blanks."""
    name = "a.list" if text in ONE_LINE else "a.sources"
    file = tmp_path / name
    options = ("-o", f"Dir::Etc::sourcelist={file}", "-o", "Dir::Etc::sourceparts=/dev/null")
    told = []
    for end in ("\n", "\r\n"):
        file.write_bytes(f"{text}\n".replace("\n", end).encode())
        command = ["apt-get", "update", "--print-uris", *options]
        told.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert told[0] == told[1] != ""


@pytest.mark.skipif(not shutil.which("apt-cache"), reason="apt judges")
@pytest.mark.parametrize(("blank", "whole"), [("  ", True), ("\t", True), ("", False)])
def test_line_of_blanks_ends_no_record_of_preferences(
    blank: str, whole: bool, tmp_path: Path
) -> None:
    text = f"Package: *\nPin: release o=x\n{blank}\nPin-Priority: -1\n"
    (tmp_path / "preferences").write_text(text)
    options = ["-o", f"Dir::Etc::preferences={tmp_path}/preferences"]
    options += ["-o", "Dir::Etc::preferencesparts=/dev/null"]
    said = subprocess.run(
        ["apt-cache", "policy", *options], capture_output=True, text=True, check=False
    )
    assert ("No priority" in said.stderr) is not whole
    pins = host(settings=f"@/etc/apt/preferences\n{text}").others.pins
    assert ([pin.priority for pin in pins] == [-1]) is whole
