"""NVIDIA's repository and a bare host on which everything goes wrong before it goes well.

One Debian 12 host; the tests follow each other on it. The repository is a double
(docs/sandbox.md): apt, dpkg, DKMS and the mishaps are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.mirror.faults import Faults
from tests.hosts import nvidia_rows, runner
from tests.hosts.able import needs_hosts
from tests.hosts.cut_off import Phase, cut_off
from tests.hosts.lab import Lab, Run
from tests.hosts.runner import untouched

pytestmark = needs_hosts()

NAME = "unlucky"
PLANNED = "580.178.04"
OLDER = "580.159.04"
STATUS = "driver/status"
"""What apt has said to the job of the driver."""


@dataclass(frozen=True)
class Place:
    """The host, its repository, and a folder for inventories."""

    host: SandboxHost
    double: AptDouble
    folder: Path

    def lab(self, **data: Any) -> Lab:
        """The host, with an inventory that leads to the double."""
        more = {"without": ["cuda", "torch"], "driver_origin": "nvidia", **data}
        row = nvidia_rows.host_data(self.host, self.double, **more)
        return Lab(self.host, runner.inventory(self.folder, **{NAME: row}))

    def run(self, **data: Any) -> Run:
        """One run of the deploy."""
        return self.lab(**data).pyinfra("-y")

    def driver(self) -> set[str]:
        """Versions of what is installed of the driver."""
        found = nvidia_rows.versions(self.host)
        return {v.split("-")[0] for name, v in found.items() if "driver-pinning" not in name}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A bare host."""
    host = hosts.up(HostSpec(NAME, gpus=("h100",)), fresh=True)
    double = AptDouble("debian12", NAME).reset()
    yield Place(host, double, tmp_path_factory.mktemp(NAME))
    host.down()


def failed(run: Run, *words: str) -> None:
    """The run failed in plain words, some of them these."""
    assert run.code == 1, run.told
    assert "Traceback" not in run.told
    for word in words:
        assert word in run.told, run.told


def test_expired_key_is_refused_before_it_is_trusted(place: Place) -> None:
    place.double.expire_key()
    with untouched(place.host):
        failed(place.run(), "REPO-KEY", "has expired", "verdict REFUSED")
    place.double.reset()


def test_index_that_is_cut_on_its_way_is_refused(place: Place) -> None:
    with untouched(place.host), place.host.faults(Faults(cut_after=4000, cut=("Packages.gz",))):
        failed(place.run(), "REPO-UNREACHABLE", "Packages.gz", "verdict REFUSED")


def test_package_that_was_changed_on_its_way_is_not_installed(place: Place) -> None:
    spoiled = place.double.corrupt("nvidia-kernel-open-dkms_580*.deb")
    assert spoiled
    failed(place.run(), "Hash Sum mismatch", spoiled[-1])
    assert place.driver() == set()
    assert place.host.run("dpkg --audit").stdout == ""
    place.double.reset()


def test_transfer_that_is_cut_moves_nothing(place: Place) -> None:
    place.lab()
    place.host.run("apt-get clean")
    cut = place.host.faults(Faults(cut_after=1000, cut=("_amd64.deb", "_all.deb")))
    with cut, runner.killed_at_the_end(runner.start(place.folder)) as process:
        outcome = runner.wait(process, place.folder)
    assert outcome.code == 1, outcome.said
    assert "Failed to fetch" in outcome.said
    assert "Traceback" not in outcome.said
    assert place.driver() == set()
    assert place.host.run("dpkg --audit").stdout == ""


# A package that asks the admin, in both ways: debconf, and a settings file that was changed.
ASKER = """\
set -e
made() {
    mkdir -p /root/asker/DEBIAN /root/asker/etc
    printf 'Package: asker\\nVersion: %s\\nArchitecture: all\\nDepends: debconf\\nMaintainer: a\\n\
Description: asks\\n' $1 >/root/asker/DEBIAN/control
    echo /etc/asker.conf >/root/asker/DEBIAN/conffiles
    echo "of version $1" >/root/asker/etc/asker.conf
    printf 'Template: asker/which\\nType: string\\nDescription: Which one?\\n' \
        >/root/asker/DEBIAN/templates
    printf '#!/bin/sh\\n. /usr/share/debconf/confmodule\\n\
db_input critical asker/which || echo "not asked" >/root/asked\\ndb_go\\n' \
        >/root/asker/DEBIAN/config
    chmod 755 /root/asker/DEBIAN/config; cp /root/asker/DEBIAN/config /root/asker/DEBIAN/postinst
    dpkg-deb --build /root/asker /root/asker-$1.deb
}
made 1; made 2
DEBIAN_FRONTEND=noninteractive dpkg --install /root/asker-1.deb
echo 'by the admin' >/etc/asker.conf; rm -f /root/asked
echo 'debconf debconf/frontend select Readline' | debconf-set-selections
dpkg --unpack /root/asker-2.deb
"""


def bare(host: SandboxHost) -> None:
    """Take the driver off the host, so that its installation is a first one again."""
    names = " ".join(nvidia_rows.versions(host))
    done = host.run(f"dpkg --purge --force-depends --force-hold {names} 2>&1 && apt-get clean")
    assert done.returncode == 0, done.stdout + done.stderr


def test_first_installation_is_cut_off_in_each_phase_and_asks_nobody(place: Place) -> None:
    """Half-configured packages of others, with questions, are finished on the way."""
    asker = place.host.run(ASKER)
    assert asker.returncode == 0, asker.stdout + asker.stderr
    phases = [
        Phase("kill", "driver/script", "apt-get"),
        Phase("power", STATUS, "dlstatus:"),
        Phase("power", STATUS, ":Unpacking "),
        Phase("kill", STATUS, ":Configuring "),
        Phase("power", STATUS, ":Installing "),
        Phase("power", "dkms/script", "dkms"),
    ]
    place.lab()
    for phase in phases:
        if cut_off(place.host, place.folder, phase):
            continue
        # Cut off late, it was finished by the next run on its way to that phase.
        whole = place.run()
        assert whole.code == 0, whole.told
        bare(place.host)
        assert cut_off(place.host, place.folder, phase), phase
    ended = place.run()
    assert ended.code == 0, ended.told
    assert place.driver() == {PLANNED}
    again = place.run()
    assert again.changed(NAME) == set(), again.told
    assert place.host.run("dpkg --audit; cat /etc/asker.conf").stdout == "by the admin\n"
    assert place.host.run("cat /root/asked").stdout == "not asked\n"


# What somebody built at this site against the library of this branch, and holds.
MONITOR = """\
set -e
mkdir -p /root/monitor/DEBIAN
printf 'Package: site-monitor\nVersion: 1\nArchitecture: all\nDepends: libnvidia-ml1 (<< 590)\n\
Maintainer: a\nDescription: watches\n' >/root/monitor/DEBIAN/control
dpkg-deb --build /root/monitor /root/monitor.deb
DEBIAN_FRONTEND=noninteractive dpkg --install /root/monitor.deb
apt-mark hold site-monitor
"""


def test_held_package_of_others_stops_a_move_and_is_named(place: Place) -> None:
    """Apt says "held broken packages"; we say which one, and how that ends."""
    held = place.host.run(MONITOR)
    assert held.returncode == 0, held.stdout + held.stderr
    stopped = place.run(driver_branch="595")
    failed(stopped, "site-monitor", "apt-mark unhold site-monitor")
    assert place.driver() == {PLANNED}
    assert place.host.run("dpkg --audit").stdout == ""
    assert "site-monitor" in place.host.run("apt-mark showhold").stdout
    place.host.run("apt-mark unhold site-monitor; dpkg --purge site-monitor")


def test_run_after_all_that_changes_nothing(place: Place) -> None:
    again = place.run()
    assert again.changed(NAME) == set(), again.told


def test_version_by_name_is_that_of_the_whole_set(place: Place) -> None:
    """Back and forward again, although the repository has a newer and an older one."""
    for wanted in (OLDER, PLANNED):
        run = place.run(driver_version=wanted)
        assert run.code == 0, run.told
        assert place.driver() == {wanted}
