"""Driver and toolkit move only when we move them: held, pinned, kept from unattended upgrades."""

from __future__ import annotations

import fnmatch
import re

from tests.acceptance.subject import Subject

SOURCES = r"^nvidia-(graphics-drivers|cuda-toolkit|open-gpu-kernel-modules)"
"""Source packages of Debian and Ubuntu whose binary packages must be of one version."""

UPGRADE = "apt-get -s -q -o Debug::NoLocking=1 dist-upgrade"


def moved(simulation: list[str]) -> set[str]:
    """Packages that a simulated apt run would install, upgrade or remove."""
    return {line.split()[1] for line in simulation if line.startswith(("Inst ", "Remv "))}


def test_whole_set_is_held(host: Subject) -> None:
    assert set(host.held_set()) <= set(host.lines("apt-mark showhold"))


def test_set_has_every_installed_package_of_its_sources(host: Subject) -> None:
    members = set(host.held_set())
    rows = host.lines(r"dpkg-query -W -f '${source:Package} ${Package} ${db:Status-Status}\n'")
    fields = [row.split() for row in rows]
    kin = {
        name
        for source, name, status in fields
        if status == "installed"
        if re.match(SOURCES, source)
    }
    assert kin <= members, f"not held: {sorted(kin - members)}"


def test_pins_are_in_force(host: Subject) -> None:
    """The planned version is the candidate, and its priority is our pin's."""
    members = host.held_set()
    policy = host.run(f"LC_ALL=C apt-cache policy {' '.join(members)}")
    for name, version in members.items():
        told = policy[policy.index(f"\n{name}:\n" if f"\n{name}:\n" in policy else f"{name}:\n") :]
        candidate = re.search(r"Candidate: (\S+)", told)
        assert candidate and candidate[1] == version, f"{name}: {told[:200]}"
        priority = re.search(r"\*\*\* (\S+) (\d+)", told)
        assert priority and priority.groups() == (version, "995"), f"{name}: {told[:200]}"


def test_upgrade_moves_nothing_of_the_set(host: Subject) -> None:
    assert not moved(host.lines(UPGRADE)) & set(host.held_set())


def test_upgrade_that_ignores_holds_moves_nothing_of_the_set(host: Subject) -> None:
    """The pins alone are enough: a tool that drops the holds still moves nothing."""
    assert not moved(host.lines(f"{UPGRADE} --ignore-hold")) & set(host.held_set())


def test_unattended_upgrades_leave_the_set_alone(host: Subject) -> None:
    """Their blacklist holds Python regular expressions, matched from the start of a name."""
    members = host.held_set()
    told = host.lines("apt-config dump Unattended-Upgrade::Package-Blacklist")
    entries = [entry for line in told for entry in re.findall(r'"(.+)"', line)]
    free = [name for name in members if not any(re.match(entry, name) for entry in entries)]
    assert not free, f"not in the blacklist: {free}"


def test_patterns_of_the_plan_are_all_blacklisted(host: Subject) -> None:
    """A part that comes later (``libnvidia-encode1``) is kept from unattended upgrades too."""
    assert host.held_set()
    told = host.run("apt-config dump Unattended-Upgrade::Package-Blacklist")
    for pattern in [p for p in host.driver.held if not fnmatch.translate(p).count("*")]:
        assert re.escape(pattern).replace(r"\-", "-") in told


def test_boot_kernel_keeps_its_headers(host: Subject) -> None:
    for kernel in host.kernels if host.driver else []:
        assert host.shell.file(f"/lib/modules/{kernel}/build/Makefile").exists
