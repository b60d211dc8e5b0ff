"""Holds, pins and unattended-upgrades: the set as a whole, and nothing beside it."""

from __future__ import annotations

import re

import pytest

from tasks.holds import sets
from tests.unit.tasks import a_container_host, a_host
from tests.unit.tasks.a_host import package, with_packages


def blacklist() -> list[str]:
    """The entries of the drop-in, as unattended-upgrades reads them."""
    return re.findall(r'^ +"(.*)";$', sets.unattended_text(a_host.plan()), re.MULTILINE)


def kept(name: str) -> bool:
    """Whether unattended-upgrades leaves a package alone: it matches from the start."""
    return any(re.match(entry, name) for entry in blacklist())


@pytest.mark.parametrize(
    "name",
    ["nvidia-kernel-dkms", "libcuda1", "nvidia-driver-libs", "libnvidia-ml1", "libcublas11"]
    + ["nvidia-egl-icd", "libnppc11", "libaccinj64-11.8", "firmware-nvidia-gsp"],
)
def test_unattended_upgrades_leave_the_set_alone(name: str) -> None:
    assert kept(name)


@pytest.mark.parametrize(
    "name",
    ["linux-image-amd64", "libcuda10", "libcublas110", "openssl", "xnvidia-kernel-dkms"]
    + ["libaccinj64-11x8"],
)
def test_unattended_upgrades_still_move_everything_else(name: str) -> None:
    assert not kept(name)


def test_every_pattern_has_one_entry_that_is_a_regular_expression() -> None:
    assert len(blacklist()) == len(sets.patterns(a_host.plan()))
    for entry in blacklist():
        re.compile(entry)


def test_drop_in_has_a_comment_that_apt_conf_understands() -> None:
    assert sets.unattended_text(a_host.plan()).startswith("// ")


def test_held_set_is_what_is_installed_of_the_patterns() -> None:
    state = with_packages(
        a_host.bare(),
        package("nvidia-kernel-dkms"),
        package("nvidia-driver-libs"),
        package("libcuda1", status="rc"),
        package("hello"),
    )
    names = [p.name for p in sets.held_set(state, a_host.plan())]
    assert names == ["nvidia-driver-libs", "nvidia-kernel-dkms"]


def test_bare_host_has_nothing_to_hold() -> None:
    assert sets.held_set(a_host.bare(), a_host.plan()) == []


def test_pins_name_each_package_once_at_its_own_version() -> None:
    packages = [package("b", "2"), package("a", "1"), package("c", "1")]
    text = sets.pins_text(packages)
    found = re.findall(r"Package: (.*)\nPin: version (.*)\nPin-Priority: (\d+)\n", text)
    assert found == [("a c", "1", "1001"), ("b", "2", "1001")]


def test_pins_do_not_depend_on_the_order_of_packages() -> None:
    packages = [package("a", "1"), package("b", "2"), package("c", "1")]
    assert sets.pins_text(packages) == sets.pins_text(packages[::-1])


def test_containers_have_files_of_their_own_and_leave_those_of_the_driver_alone() -> None:
    plan = a_container_host.plan()
    native, containers = sets.patterns(plan), sets.patterns(plan, sets.CONTAINERS)
    assert "nvidia-container-toolkit" in containers
    assert not set(native) & set(containers)
    assert sets.NATIVE.pins != sets.CONTAINERS.pins
    assert sets.patterns(a_host.plan(), sets.CONTAINERS) == ()


def test_engine_and_toolkit_are_of_the_held_set() -> None:
    state = with_packages(a_host.bare(), package("docker.io"), package("libnvidia-container1"))
    plan = a_container_host.plan()
    assert {p.name for p in sets.held_set(state, plan)} == {"docker.io", "libnvidia-container1"}
    assert sets.held_set(state, plan, sets.NATIVE) == []
