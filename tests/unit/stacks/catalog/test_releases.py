"""Names of releases as people, hosts and files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.catalog.releases import family_of, understood, version_of
from tests.unit.stacks.hosts import CATALOG

KEYS, KNOWN = tuple(CATALOG.distributions), CATALOG.releases
SAID = {
    "debian-12": ["Debian-12", "debian 12", "DEBIAN12", "bookworm", "debian-12.15", "debian_12"],
    "debian-13": ["Debian GNU/Linux 13 (trixie)", "debian 13.8", "debian-trixie", "Trixie"],
    "ubuntu-22.04": ["ubuntu-22.04.3", "ubuntu2204", "jammy", "ubuntu:22.04", "ubuntu 22"],
    "ubuntu-24.04": ["Ubuntu 24.04.3 LTS (Noble Numbat)", "ubuntu 24.04 noble", "ubuntu/24.04"],
    "ubuntu-26.04": ["resolute", "Ubuntu 26.04 LTS", "ubuntu-2604"],
    "rhel-9": ["rhel9", "RHEL 9", "el9", "rhel-9.4", "Red Hat Enterprise Linux 9.4 (Plow)"],
    "rocky-9": ["Rocky Linux 9.4", "rocky9", "rockylinux:9", "Rocky Linux 9.4 (Blue Onyx)"],
    "almalinux-8": ["alma8", "AlmaLinux 8.10 (Cerulean Leopard)", "alma linux 8"],
    "centos-7": ["CentOS Linux 7 (Core)", "centos7"],
    # No row, and yet told from its name:
    "debian-14": ["forky", "debian 14"],
    "centos-9": ["CentOS Stream 9", "centos-9"],
    "amzn-2023": ["Amazon Linux 2023", "amzn-2023"],
    "sles-15.6": ["SUSE Linux Enterprise Server 15 SP6", "sles 15-SP6", "sles-15.6"],
    "opensuse-leap-15.6": ["openSUSE Leap 15.6", "opensuse-leap-15.6"],
    "arch": ["Arch Linux", "archlinux"],
}


@pytest.mark.parametrize(("key", "said"), [(k, said) for k, rows in SAID.items() for said in rows])
def test_name_is_understood(key: str, said: str) -> None:
    assert understood(said, KNOWN, KEYS) == key


@pytest.mark.parametrize("key", KEYS)
def test_catalogue_s_own_names_are_understood_in_any_case(key: str) -> None:
    assert understood(key, KNOWN, KEYS) == key
    assert understood(key.upper().replace("-", " "), KNOWN, KEYS) == key


@pytest.mark.parametrize(
    "said",
    ["ubuntu-core-22", "ubuntu 24.04 jammy", "debian 12 13", "bookworm trixie", "rocky bookworm"]
    + ["nixos", "12", "", "debian-12-evil", "trixie/sid"],
)
def test_what_cannot_be_told_stays_as_it_is(said: str) -> None:
    assert understood(said, KNOWN, KEYS) == said


def test_every_codename_is_of_a_family_of_the_catalogue() -> None:
    assert {family_of(key) for key in KNOWN.codenames.values()} <= set(KNOWN.families)
    assert {family_of(key) for key in KEYS} == set(KNOWN.families)


def test_key_is_its_family_and_its_version() -> None:
    assert (family_of("opensuse-leap-15.6"), version_of("opensuse-leap-15.6")) == (
        "opensuse-leap",
        "15.6",
    )
    assert (family_of("arch"), version_of("arch")) == ("arch", "")


@given(st.text(max_size=200))
def test_any_text_gives_a_row_or_a_name_of_the_same_form_or_itself(said: str) -> None:
    found = understood(said, KNOWN, KEYS)
    assert found == said or family_of(found) in {*KNOWN.families, *KNOWN.others}
    assert understood(found, KNOWN, KEYS) == found
