"""Archive components: what is missing is added with the host's own addresses, and nothing else."""

from __future__ import annotations

import pytest

from facts.model.packages import AptSource
from facts.parse.apt import deb822
from tasks.repositories import archives
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import source, with_sources

WANTED = ("contrib", "non-free", "non-free-firmware")


def added(*sources: AptSource) -> list[AptSource]:
    """What our file adds to these sources, read back as apt's format tells."""
    text = archives.sources_text(with_sources(*sources), WANTED)
    return list(deb822(archives.SOURCES, (text or "").splitlines()))


def test_plan_wants_the_components_of_driver_and_toolkit() -> None:
    assert archives.wanted(a_host.plan()) == WANTED


def test_missing_components_are_added_to_every_pocket_of_the_release() -> None:
    text = archives.sources_text(a_host.bare(), WANTED)
    assert text is not None
    found = list(deb822(archives.SOURCES, text.splitlines()))
    assert [(s.suites, s.components) for s in found] == [
        (("bookworm",), ("contrib", "non-free")),
        (("bookworm-updates",), ("contrib", "non-free")),
        (("bookworm-security",), ("contrib", "non-free")),
    ]
    assert found[2].uris == ("http://archive.example.org/debian-security",)


def test_complete_sources_need_no_file() -> None:
    everything = "main contrib non-free non-free-firmware"
    assert archives.sources_text(with_sources(source("bookworm", everything)), WANTED) is None


def test_component_enabled_by_another_file_is_not_added_again() -> None:
    other = source("bookworm", "contrib non-free", file="/etc/apt/sources.list.d/more.list")
    found = added(source("bookworm", "main"), other)
    assert [s.components for s in found] == [("non-free-firmware",)]


def test_component_enabled_for_one_of_two_suites_is_missing() -> None:
    more = source("bookworm", "contrib", file="/etc/apt/sources.list.d/more.list")
    found = added(source("bookworm bookworm-updates", "main"), more)
    assert found[0].suites == ("bookworm", "bookworm-updates")
    assert "contrib" in found[0].components


def test_our_own_file_is_not_counted_so_that_a_second_run_writes_the_same() -> None:
    bare = source("bookworm", "main")
    first = archives.sources_text(with_sources(bare), WANTED)
    assert first is not None
    ours = deb822(archives.SOURCES, first.splitlines())
    assert archives.sources_text(with_sources(bare, *ours), WANTED) == first


def test_third_party_archive_is_left_alone() -> None:
    docker = source("bookworm", "stable", uris=("https://download.docker.com/linux/debian",))
    assert added(docker) == []


def test_archive_of_another_release_is_left_alone() -> None:
    assert added(source("trixie trixie-updates", "main")) == []


def test_suite_names_of_the_old_security_layout_belong_to_the_release() -> None:
    assert added(source("bookworm/updates", "main"))[0].suites == ("bookworm/updates",)


def test_key_of_the_source_is_kept() -> None:
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert added(source("bookworm", "main", signed_by=key))[0].signed_by == key


def test_options_without_which_the_archive_cannot_be_read_are_kept() -> None:
    options = {"check-valid-until": "no", "arch": "amd64,i386", "lang": "none"}
    assert added(source("bookworm", "main", options=options))[0].options == {
        "check-valid-until": "no",
        "architectures": "amd64 i386",
    }


@pytest.mark.parametrize("option", archives.UNCHECKED)
def test_leave_to_take_unsigned_packages_is_never_copied(option: str) -> None:
    text = archives.sources_text(
        with_sources(source("bookworm", "main", options={option: "yes"})), WANTED
    )
    assert text is not None and option not in text.lower()


def test_several_addresses_stay_together() -> None:
    mirrors = ("http://archive.example.org/debian", "http://mirror.example.org/debian")
    assert added(source("bookworm", "main", uris=mirrors))[0].uris == mirrors


def test_nothing_wanted_needs_no_file() -> None:
    assert archives.sources_text(a_host.bare(), ()) is None
