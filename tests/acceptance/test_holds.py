"""Driver and toolkit move only when we move them: held, pinned, kept from unattended upgrades."""

from __future__ import annotations

import re

import pytest

from tasks.holds import sets
from tests.acceptance.subject import Subject

SOURCES = re.compile("nvidia-(graphics-drivers|cuda-toolkit|open-gpu-kernel-modules)")
"""Source packages of Debian and Ubuntu whose binary packages must be of one version."""
UPGRADE = "apt-get -s -q -o Debug::NoLocking=1 dist-upgrade"


@pytest.fixture(autouse=True)
def apt(host: Subject) -> None:
    """Skips hosts of the other family."""
    if host.state.package_manager.kind != "apt":
        pytest.skip(f"{host.name}: no apt")


def moved(simulation: list[str]) -> set[str]:
    """Packages that a simulated apt run would install, upgrade or remove."""
    return {line.split()[1] for line in simulation if line.startswith(("Inst ", "Remv "))}


def blacklist(host: Subject) -> list[str]:
    """What unattended-upgrades leaves alone, as apt reads all configuration files together."""
    told = host.lines("apt-config dump Unattended-Upgrade::Package-Blacklist")
    return [entry for line in told for entry in re.findall(r'"(.+)"', line)]


def test_whole_set_is_held(host: Subject, held: dict[str, str]) -> None:
    assert set(held) - set(host.lines("apt-mark showhold")) == set()


def test_set_has_every_package_of_its_sources(host: Subject, held: dict[str, str]) -> None:
    """One package left out is enough for libraries and module of two versions."""
    rows = host.lines("dpkg-query -W -f '${source:Package} ${db:Status-Status} ${Package}\\n'")
    fields = [row.split() for row in rows]
    kin = {n for source, status, n in fields if SOURCES.match(source) and status == "installed"}
    assert kin - set(held) == set()


def test_pins_are_in_force(host: Subject, held: dict[str, str]) -> None:
    """The installed version is the candidate, with our pin's priority instead of an archive's."""
    policy = host.run(f"LC_ALL=C apt-cache policy {' '.join(held)}")
    paragraphs = re.split(r"^(\S+):\n", policy, flags=re.MULTILINE)[1:]
    told = dict(zip(paragraphs[::2], paragraphs[1::2], strict=True))
    for name, version in held.items():
        assert f"Candidate: {version}\n" in told[name], name
        assert f"*** {version} {sets.PRIORITY}\n" in told[name], name


def test_upgrade_moves_nothing_of_the_set(host: Subject, held: dict[str, str]) -> None:
    assert moved(host.lines(UPGRADE)) & set(held) == set()


def test_upgrade_that_ignores_holds_moves_nothing_of_the_set(
    host: Subject, held: dict[str, str]
) -> None:
    """The pins alone are enough, when somebody or something drops the holds."""
    assert moved(host.lines(f"{UPGRADE} --ignore-hold")) & set(held) == set()


def test_unattended_upgrades_leave_the_set_alone(host: Subject, held: dict[str, str]) -> None:
    """Their entries are Python regular expressions, matched from the start of a name."""
    entries = blacklist(host)
    assert [n for n in held if not any(re.match(entry, n) for entry in entries)] == []


def test_unattended_upgrades_leave_later_parts_alone(host: Subject, held: dict[str, str]) -> None:
    """What is not installed now (``libnvidia-encode1``) must not be moved when it is."""
    entries = blacklist(host)
    names = [pattern.replace("*", "x") for pattern in sets.patterns(host.plan)]
    assert [n for n in names if not any(re.match(entry, n) for entry in entries)] == []
