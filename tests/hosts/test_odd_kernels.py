"""Packages of strangers and kernels of other kinds: said before, nothing taken, nothing brought.

One bare Debian 12 host whose kernel is made into one of last month: its files stay, its headers are
in no archive. The driver is the double's (docs/sandbox.md); apt, dpkg, DKMS and the new kernel are
real. The tests follow each other on it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import nvidia_rows, runner
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab
from tests.hosts.runner import untouched

pytestmark = needs_hosts()

NAME = "odd"
OLD, OWN, RT = "6.1.0-52-cloud-amd64", "6.6.30-mine", "5.19.0-1-rt-mine"

LAST_MONTH = f"""\
set -e
new=$(ls /lib/modules)
cp -a /lib/modules/$new /lib/modules/{OLD}
for file in vmlinuz config System.map initrd.img; do cp -a /boot/$file-$new /boot/$file-{OLD}; done
dpkg --purge --force-depends $(dpkg-query -W -f '${{Package}} ' 'linux-image-*' 2>/dev/null)
rm -rf /lib/modules/$new /boot/*-$new
depmod {OLD}
"""
STRANGER = """\
set -e
mkdir -p /root/acme/DEBIAN /root/acme/opt/acme
printf 'Package: acme-agent\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: a\\n\
Depends: acme-runtime (>= 2)\\nDescription: of a stranger\\n' >/root/acme/DEBIAN/control
echo precious >/root/acme/opt/acme/data
dpkg-deb --build /root/acme /root/acme.deb
"""


@dataclass(frozen=True)
class Place:
    """The host, its inventory, and a repository double for the driver."""

    host: SandboxHost
    folder: Path
    lab: Lab

    def dry(self) -> str:
        """What ``--dry`` says; the host stays as it is."""
        with untouched(self.host):
            return self.lab.pyinfra("--dry").told

    def on_host(self, command: str) -> str:
        """Its output."""
        return self.lab.on_host(command)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The host, with the kernel of last month alone."""
    host = hosts.up(HostSpec(NAME, gpus=("h100",)), fresh=True)
    double = AptDouble("debian12", NAME).reset()
    folder = tmp_path_factory.mktemp(NAME)
    row = nvidia_rows.host_data(
        host, double, without=["cuda", "torch"], driver_origin="nvidia", driver_branch="580"
    )
    lab = Lab(host, runner.inventory(folder, **{NAME: row}))
    done = host.run(LAST_MONTH)
    assert done.returncode == 0, done.stdout + done.stderr
    yield Place(host, folder, lab)
    host.down()


@pytest.mark.parametrize(
    "install",
    ["dpkg --install /root/acme.deb || :", "dpkg --install --force-depends /root/acme.deb"],
    ids=["not configured", "forced"],
)
def test_stranger_that_only_a_removal_would_help_is_kept_and_both_ways_are_told(
    place: Place, install: str
) -> None:
    place.on_host(STRANGER + install)
    said = place.dry()
    assert "PACKAGES-BROKEN: apt could only be made whole by removing acme-agent" in said
    assert "acme-agent : Depends: acme-runtime (>= 2)" in said
    assert "apt-get --fix-broken install" in said and "apt-get remove acme-agent" in said
    with untouched(place.host):
        assert place.lab.pyinfra("-y").code == 1
    assert place.on_host("cat /opt/acme/data") == "precious"
    place.on_host("dpkg --purge acme-agent")


@contextlib.contextmanager
def kernel(place: Place, release: str, *options: str, headers: bool = True) -> Iterator[None]:
    """The host has a self-built kernel too: no package has its image."""
    build = f"mkdir -p /lib/modules/{release}/build && touch /boot/vmlinuz-{release} && "
    build += f"printf '%s=y\\n' {' '.join(options)} >/boot/config-{release}"
    if headers:
        build += f" && touch /lib/modules/{release}/build/Makefile"
    place.on_host(build)
    try:
        yield
    finally:
        place.on_host(f"rm -r /lib/modules/{release} /boot/*-{release}")


def test_self_built_kernel_with_headers_brings_no_kernel_of_the_distribution(place: Place) -> None:
    with kernel(place, OWN, "CONFIG_MODULES"):
        said = place.dry()
    assert f"will build a module for {OWN}" in said
    assert "will install kernel" not in said
    assert f"KERNEL-LEFT: No module is built for kernel {OLD}" in said


def test_self_built_kernel_without_headers_that_boots_next_is_refused(place: Place) -> None:
    with kernel(place, OWN, "CONFIG_MODULES", headers=False):
        said = place.dry()
    assert f"KERNEL-NO-HEADERS: No module can be built for kernel {OWN}" in said
    assert f"/lib/modules/{OWN}/build" in said


def test_real_time_kernel_that_boots_next_is_refused_before_any_work(place: Place) -> None:
    with kernel(place, OWN, "CONFIG_MODULES", "CONFIG_PREEMPT_RT"):
        said = place.dry()
    assert f"KERNEL-REFUSED: No NVIDIA driver builds for kernel {OWN}, which boots next" in said


def test_kernel_of_last_month_brings_the_newest_as_announced(place: Place) -> None:
    """Beside it stands a real-time kernel that does not boot: it is left, and the run goes on."""
    place.on_host(
        f"mkdir -p /lib/modules/{RT} && touch /boot/vmlinuz-{RT} && "
        f"printf 'CONFIG_MODULES=y\\nCONFIG_PREEMPT_RT=y\\n' >/boot/config-{RT}"
    )
    said = place.dry()
    first = place.lab.pyinfra("-y")
    assert first.code == 0, first.told
    (new,) = place.on_host(f"ls /lib/modules | grep -vx -e {OLD} -e {RT}").split()
    assert f"will install kernel {new} (linux-image-cloud-amd64" in said
    assert f"will build a module for {new}" in said
    assert "KERNEL-COMES" in said
    assert place.on_host(f"find /lib/modules/{new} -name 'nvidia.ko*'")
    assert f"{NAME}: verdict WARN" in first.report
    assert "DRIVER-INCOMPLETE" not in first.report and "NEXT-BOOT" not in first.report
    for left in (OLD, RT):
        assert f"KERNEL-LEFT (WARN): kernel {left} has no NVIDIA module" in first.report


def test_second_run_with_kernels_that_are_left_changes_nothing(place: Place) -> None:
    again = place.lab.pyinfra("-y")
    assert again.code == 0, again.told
    assert again.changed(NAME) == set()
    assert f"{NAME}: verdict WARN" in again.report
