"""Distributions by any name, and what comes nearest to those without a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stacks.load import load_stack
from stacks.model.host import HostProfile
from stacks.requests import with_requests
from stacks.resolve import resolve
from stacks.resolve_image import image_plan
from tests.unit.stacks.hosts import CATALOG, host, planned, refused


def nearest(os: str, **more: Any) -> str:
    """The distribution that the first remedy tries."""
    found = refused("OS-UNSUPPORTED", host(os, "h100", **more))
    return found.remedies[0].partition("--os ")[2].split()[0]


@pytest.mark.parametrize("os", ["Debian 12", "bookworm", "debian-12.15", "Debian GNU/Linux 12"])
def test_release_by_any_name_gets_the_plan_of_its_row(os: str) -> None:
    assert planned(host(os, "h100")) == planned(host("debian-12", "h100"))


def test_testing_without_a_number_is_told_by_its_codename() -> None:
    assert planned(host("debian", "h100", codename="trixie")).os == "debian-13"
    assert nearest("debian", codename="forky") == "debian-13"


@pytest.mark.parametrize(
    ("os", "near"),
    [
        ("amzn-2023", "rhel-9"),
        ("fedora-43", "rhel-9"),
        ("azurelinux-3.0", "rhel-9"),
        ("ol-9.4", "rhel-9"),
        ("ol-8.10", "rhel-8"),
        ("CentOS Stream 9", "rhel-9"),
        ("rocky-11", "rocky-9"),  # NVIDIA's key for release 10 is not known
        ("ubuntu-25.10", "ubuntu-24.04"),
        ("ubuntu-18.04", "ubuntu-20.04"),
        ("debian-14", "debian-13"),
        ("debain-12", "debian-12"),
        ("sles-15.6", "debian-12"),
        ("arch", "debian-12"),
        ("whatever-1", "debian-12"),
        ("al2023", "rhel-9"),
        ("linuxmint 22", "ubuntu-24.04"),
        ("Linux Mint 21.3", "ubuntu-22.04"),
        ("linuxmint", "ubuntu-24.04"),
        ("pop_os", "ubuntu-24.04"),
        ("Pop!_OS 22.04 LTS", "ubuntu-22.04"),
        ("DGX OS 6", "ubuntu-22.04"),
        ("proxmox 8.2", "debian-12"),
        ("sid", "debian-13"),
        ("debian testing", "debian-13"),
    ],
)
def test_first_remedy_is_what_comes_nearest_and_it_has_a_plan(os: str, near: str) -> None:
    assert nearest(os) == near
    assert planned(host(near, "h100"), without=["torch"]).os == near


@pytest.mark.parametrize(
    ("os", "like", "code", "near"),
    [
        ("zorin-17", "ubuntu debian", "jammy", "ubuntu-22.04"),
        ("linuxmint-22", "ubuntu debian", "noble", "ubuntu-24.04"),
        ("devuan-5", "debian", "daedalus", "debian-12"),
        ("parrot-6", "debian", "bookworm", "debian-12"),
        ("circle-9.3", "rhel centos fedora", None, "rhel-9"),
        ("mystery-1", "nothing known", None, "debian-12"),
        ("mystery-1", "suse", None, "debian-12"),
    ],
)
def test_unknown_one_is_placed_by_what_it_says_it_is_like(
    os: str, like: str, code: str | None, near: str
) -> None:
    assert nearest(os, like=tuple(like.split()), codename=code) == near


@pytest.mark.parametrize("os", ["amzn-2023", "arch", "sles-15.6", "fedora-43"])
def test_answer_says_what_it_is_and_names_no_look_alike(os: str) -> None:
    told = refused("OS-UNSUPPORTED", host(os, "h100"))
    assert "almalinux" not in told.why.partition("Known:")[0] + " ".join(told.remedies)
    assert "is not in the catalogue" in told.what


def test_what_a_distribution_is_made_from_is_in_the_catalogue() -> None:
    known = CATALOG.releases
    assert set(known.made_from.rows) <= set(known.others)
    for rows in known.made_from.rows.values():
        assert set(rows.values()) <= set(CATALOG.distributions)


def test_name_of_a_base_image_tells_its_release() -> None:
    assert planned(host("debian:bookworm-slim", "h100")).os == "debian-12"


def test_likeness_is_quoted_as_the_host_s_own_words() -> None:
    told = refused("OS-UNSUPPORTED", host("circle-9.3", "h100", like=("rhel", "fedora")))
    assert "ID_LIKE=rhel" in told.why


def test_name_without_a_number_is_asked_for_its_release() -> None:
    assert "which release of Debian" in refused("OS-UNSUPPORTED", host("debian", "h100")).what


def test_image_s_distribution_is_understood_by_the_same_names() -> None:
    def made(os: str) -> object:
        stack = with_requests(load_stack("pytorch-2.9"), {"image_os": os})
        return image_plan(stack, host("debian-12", "h100"), CATALOG)

    assert made("Debian 13") == made("trixie") == made("debian-13.8") == made("debian-13")


def test_jetson_s_ubuntu_is_no_question() -> None:
    stack = load_stack("jetson-torch-2.9")
    board = HostProfile("Ubuntu 22.04.5 LTS", "aarch64", jetson_l4t="36.4.7")
    own = replace(board, os="ubuntu-22.04")
    assert resolve(stack, board, CATALOG) == resolve(stack, own, CATALOG)
