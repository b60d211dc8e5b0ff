"""What an archive is, its Release file says: mirrors are known, strangers are left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.packages import AptSource, Release
from facts.parse import releases
from facts.parse.apt import one_line, stanzas
from tasks.repositories import archive_identity, archives, strangers
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import source
from tests.unit.tasks.jetson.test_state import board

ALL = ("main", "contrib", "non-free-firmware", "non-free")
DEBIAN = Release("Debian", "Debian", "oldstable", "bookworm", "12.15", ALL, 1)
SECURITY = replace(DEBIAN, label="Debian-Security", codename="bookworm-security")
WANTED = ("contrib", "non-free")
BASE = source("bookworm", "main")
OTHER = source(
    *("bookworm", "main"),
    file="/etc/apt/sources.list.d/company.list",
    uris=("https://apt.company.example/tools",),
    line=1,
)


def host(read: dict[tuple[str, str], Release], *sources: AptSource) -> HostState:
    """The bare host with these archives, of which apt has read some."""
    state = a_host.with_sources(*sources)
    known = {releases.stem(uri, suite): release for (uri, suite), release in read.items()}
    return replace(state, package_manager=replace(state.package_manager, releases=known))


def read(source: AptSource, release: Release) -> dict[tuple[str, str], Release]:
    """Every suite of a source, read as this."""
    return {(uri, suite): release for uri in source.uris for suite in source.suites}


def extended(state: HostState) -> list[str]:
    """Addresses that get further components."""
    return [uri for s in archives.extended(state, WANTED) for uri in s.uris]


def stranger_files(state: HostState) -> set[str]:
    return {s.file for s, _, _ in archive_identity.strangers(state)}


@pytest.mark.parametrize(
    "release",
    [
        Release("Company", "Tools", "bookworm", "bookworm", None, ("main",)),
        Release("", None, "bookworm", "bookworm"),
        Release("Debian", "Debian", "stable", "trixie", "13.1", ALL),
        Release("Ubuntu", "Ubuntu", "jammy", "jammy", "22.04", ("main",)),
        Release(),
        None,
    ],
)
def test_somebodys_main_with_our_codename_is_not_debians(release: Release | None) -> None:
    known = read(BASE, DEBIAN) | (read(OTHER, release) if release else {})
    state = host(known, BASE, OTHER)
    assert extended(state) == list(BASE.uris)
    assert stranger_files(state) == {OTHER.file}


@pytest.mark.parametrize(
    "line",
    [
        "deb http://apt-cacher.lan:3142/archive.example.org/debian bookworm main",
        "deb [arch=amd64 check-valid-until=no] https://snapshot.example/2026T0Z/ bookworm main",
        "deb mirror+file:/etc/apt/mirrors.txt bookworm main",
        "deb file:/srv/mirror bookworm main",
        "deb https://HIDDEN@artifacts.company.example/debian bookworm main",
    ],
)
def test_mirror_under_any_name_is_known_by_its_release_file(line: str) -> None:
    (mirror,) = one_line("/etc/apt/sources.list.d/company.list", [line])
    state = host(read(mirror, DEBIAN), mirror)
    assert extended(state) == list(mirror.uris)
    assert stranger_files(state) == set()


def test_mirror_that_lacks_a_component_is_named_before_anything_is_done() -> None:
    partial = replace(DEBIAN, components=("main", "contrib"))
    state = host(read(BASE, partial), BASE)
    assert [s.components for s in archives.extended(state, WANTED)] == [("contrib",)]
    (found,) = archives.missing(state, WANTED)
    assert found.code == "COMPONENT-NONE" and "non-free" in found.what
    assert 'Origin "Debian" with main contrib' in found.why


def test_host_with_no_archive_of_its_distribution_is_told_what_its_archives_are() -> None:
    aptly = replace(DEBIAN, origin=". bookworm")
    (found,) = archives.missing(host(read(BASE, aptly), BASE), WANTED)
    assert 'Origin ". bookworm"' in found.why
    assert "contrib non-free" in found.remedies[1]


def test_component_that_somebody_enabled_himself_is_not_missed() -> None:
    aptly = replace(DEBIAN, origin=". bookworm")
    whole = source("bookworm", "main contrib non-free")
    assert archives.missing(host(read(whole, aptly), whole), WANTED) == ()


def test_security_archive_of_the_old_layout_has_its_components() -> None:
    old = source("bookworm/updates", "main")
    parts = tuple(f"updates/{c}" for c in ALL)
    state = host(read(old, replace(DEBIAN, components=parts)), old)
    assert archives.extended(state, WANTED)[0].components == WANTED


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({}, True),
        ({"file": "/etc/apt/sources.list.d/debian.sources"}, True),
        ({"file": "/etc/apt/sources.list.d/x.list"}, False),
        (
            {
                "file": "/etc/apt/sources.list.d/x.list",
                "signed_by": "/usr/share/keyrings/debian-archive-keyring.gpg",
            },
            True,
        ),
        ({"file": "/etc/apt/sources.list.d/x.list", "signed_by": "/etc/apt/keyrings/x.asc"}, False),
    ],
)
def test_fresh_image_without_lists_has_only_what_is_beyond_doubt(
    changes: dict[str, str], own: bool
) -> None:
    one = source("bookworm", "main", **changes)
    assert bool(archives.extended(host({}, one), WANTED)) == own
    assert stranger_files(host({}, one)) == set(), "what was never read may be needed"


def test_archive_of_the_distribution_that_was_never_read_is_needed() -> None:
    pocket = source("bookworm-security", "main", file="/etc/apt/sources.list.d/security.list")
    assert stranger_files(host(read(BASE, DEBIAN), BASE, pocket)) == set()


@pytest.mark.parametrize(
    "line",
    [
        "deb https://download.docker.com/linux/debian bookworm stable",
        "deb http://dead.example/flat ./",
        "deb cdrom:[Debian GNU/Linux 12.0.0 _Bookworm_ - Official]/ bookworm main",
        "deb http://dead.example/debian bookworm main",
        "deb http://dead.example/debian trixie main",
    ],
)
def test_source_that_never_answered_is_somebody_elses(line: str) -> None:
    (one,) = one_line("/etc/apt/sources.list.d/x.list", [line])
    assert stranger_files(host(read(BASE, DEBIAN), BASE, one)) == {one.file}


def test_what_gpuwright_added_is_no_stranger() -> None:
    ours = source("/", "", file="/etc/apt/sources.list.d/gpuwright-nvidia.sources")
    assert stranger_files(host(read(BASE, DEBIAN), BASE, ours)) == set()


def test_only_the_live_mirror_of_several_is_repeated() -> None:
    two = source("bookworm", "main", uris=("http://dead.example/d", "http://live.example/d"))
    state = host({("http://live.example/d", "bookworm"): DEBIAN}, two)
    assert extended(state) == ["http://live.example/d"]


def test_name_of_a_cdrom_with_blanks_is_one_word() -> None:
    (one,) = one_line("x.list", ["# first", "deb cdrom:[Debian GNU/Linux 12]/ bookworm main"])
    assert (one.uris, one.suites, one.line) == (("cdrom:[Debian GNU/Linux 12]/",), ("bookworm",), 2)


def test_stanza_is_found_at_its_line() -> None:
    text = "# head\n\nTypes: deb\nURIs: a\n\n\nTypes: deb\nURIs: b\n"
    assert [line for line, _ in stanzas(text.splitlines())] == [3, 7]


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://HIDDEN@apt.example/x/", "https://apt.example/x bookworm"),
        ("cdrom:[Debian 12]/", "cdrom://[Debian 12] bookworm"),
        ("file:/srv/repo", "file:/srv/repo bookworm"),
        ("mirror+file:/etc/m.txt", "mirror+file:/etc/m.txt bookworm"),
    ],
)
def test_archive_is_named_as_apt_names_it(uri: str, name: str) -> None:
    assert archive_identity.named(uri, "bookworm") == name


def test_jobs_are_told_of_strangers_once_each() -> None:
    twice = replace(OTHER, file="/etc/apt/sources.list.d/again.list")
    state = host(read(BASE, DEBIAN), BASE, OTHER, twice)
    assert strangers.of_host(state).archives == ("https://apt.company.example/tools bookworm",)


def test_backports_are_the_distributions_own() -> None:
    """The headers of a kernel from there come from there."""
    backports = source("bookworm-backports", "main", file="/etc/apt/sources.list.d/bpo.list")
    release = replace(DEBIAN, origin="Debian Backports", codename="bookworm-backports")
    state = host(read(BASE, DEBIAN) | read(backports, release), BASE, backports)
    assert stranger_files(state) == set()


def test_archives_of_jetson_linux_are_needed_on_a_jetson_alone() -> None:
    l4t = source("r36.4", "main", file="/etc/apt/sources.list.d/nvidia-l4t-apt-source.list")
    state = host(read(BASE, DEBIAN), BASE, l4t)
    assert stranger_files(state) == {l4t.file}
    assert stranger_files(replace(state, jetson=board().jetson)) == set()
