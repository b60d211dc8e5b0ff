"""Where the machine gets Debian from, read out of its apt sources."""

from pathlib import Path

from sandbox.local.sources import Archive, debian_archive


def test_one_line_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb-src http://src.example/debian bookworm main\n"
        "deb [signed-by=/k.gpg] http://a.example/debian/ bookworm main\n"
        "deb http://s.example/debian-security bookworm-security main\n"
    )
    expected = Archive("http://a.example/debian", "http://s.example/debian-security")
    assert debian_archive(tmp_path) == expected


def test_deb822_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://off.example/debian\nSuites: trixie\nEnabled: no\n\n"
        "Types: deb\n# a comment\nURIs: http://a.example/debian\nSuites: trixie trixie-updates\n\n"
        "Types: deb\nURIs: http://s.example/debian-security\nSuites: trixie-security\n"
    )
    expected = Archive("http://a.example/debian", "http://s.example/debian-security")
    assert debian_archive(tmp_path) == expected


def test_third_party_suites_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://x.example/apt cloud-sdk-bookworm main\n")
    assert debian_archive(tmp_path) == Archive(None, None)


def test_mirror_lists_on_this_disk_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb mirror+file:/etc/apt/m.list bookworm main\n")
    assert debian_archive(tmp_path) == Archive(None, None)
