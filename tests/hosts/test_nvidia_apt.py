"""NVIDIA's apt repository and what happens to it while a host uses it.

One Ubuntu 22.04 host with eight A100 on NVSwitch, so that the set has a Fabric Manager. The tests
follow each other on it. The repository is a double (docs/sandbox.md): apt, dpkg and DKMS are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.doubles import kernels
from sandbox.doubles.nvidia import AptDouble
from sandbox.doubles.ubuntu import ubuntu
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.mirror.faults import Faults
from sandbox.roots.build import root
from stacks.model.support import Part
from tests.hosts import carried_out, nvidia_rows, runner
from tests.hosts.able import needs_hosts
from tests.hosts.carried_out import carries_out
from tests.hosts.cut_off import Phase, cut_off
from tests.hosts.lab import Lab, Made, Run
from tests.hosts.runner import untouched

pytestmark = needs_hosts()

NAME = "jammy"
OS = "ubuntu-22.04"
PLANNED, OLDER, NEWER = "580.178.04", "535.309.01", "580.200.01"
SYSTEM: dict[Part, str] = {"cuda": "11.8 nvidia compile", "cudnn": "8.9.7.29 nvidia"}
OLD_SOURCE = "/etc/apt/sources.list.d/cuda-ubuntu2204-x86_64.list"
ALL_ORIGINS = 'Unattended-Upgrade::Origins-Pattern { "origin=*"; };\n'


@dataclass(frozen=True)
class Place:
    """The host, its repository, and a folder for inventories."""

    host: SandboxHost
    double: AptDouble
    folder: Path

    def run(self, *words: str, **data: Any) -> Run:
        """One run of the deploy with ``data`` over the host data that leads to the double."""
        return self.lab(**data).pyinfra(*(words or ("-y",)))

    def lab(self, **data: Any) -> Lab:
        """The host, with an inventory that says so."""
        more = {"without": ["torch"], **data}
        row = nvidia_rows.host_data(self.host, self.double, **more)
        return Lab(self.host, runner.inventory(self.folder, **{NAME: row}))

    def driver(self) -> dict[str, str]:
        """Installed packages of the driver's set and their upstream versions."""
        found = nvidia_rows.versions(self.host)
        return {
            name: version.split("-")[0]
            for name, version in found.items()
            if "nvidia" in name and not name.startswith("nvidia-driver-pinning")
        }

    def modules(self) -> dict[str, str]:
        """Kernel to the version of the module that modprobe would load for it."""
        told = self.host.run(
            "for k in $(ls /lib/modules); do echo $k $(modinfo -k $k -F version nvidia); done"
        )
        return {k: v for k, v, *_ in (line.split() + [""] for line in told.stdout.splitlines())}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A bare host with unattended-upgrades, and a CUDA source file that somebody left there."""
    host = hosts.up(HostSpec(NAME, os=OS, gpus=("a100",) * 8), fresh=True)
    double = AptDouble("ubuntu2204", NAME).reset()
    release = ubuntu(OS)
    headers = kernels.debian_headers(root("debian-12", host.mirror_url), host.mirror_url)
    address = f"{host.mirror_url}{double.path}ubuntu2204/x86_64/"
    host.rootfs.joinpath(OLD_SOURCE.lstrip("/")).write_text(
        f"deb [signed-by=/usr/share/keyrings/cuda-archive-keyring.asc] {address} /\n"
    )
    host.rootfs.joinpath("etc/apt/apt.conf.d/60all-origins").write_text(ALL_ORIGINS)
    done = host.run(
        f"/usr/lib/apt/apt-helper download-file {address}3bf863cc.pub "
        "/usr/share/keyrings/cuda-archive-keyring.asc 2>&1 && apt-get -qq update && "
        "DEBIAN_FRONTEND=noninteractive apt-get -qq install unattended-upgrades >/dev/null"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield Place(host, double, tmp_path_factory.mktemp(NAME))
    release.publish(headers)
    host.down()


@pytest.fixture(scope="module")
def made(place: Place) -> Made:
    """Predicted, made, and made again."""
    return Made(place.run("--dry"), place.run(), place.run())


def refused(run: Run, code: str, *words: str) -> None:
    """The run refused the host with this code, and said these words."""
    assert run.code == 1, run.told
    assert f"] {code}: " in run.told and f"{NAME}: verdict REFUSED" in run.report, run.told
    assert "Traceback" not in run.told
    for word in words:
        assert word in run.told, run.told


# ----------------------------------------------------------------- the row of the support matrix


def test_first_run_does_what_dry_run_said(made: Made) -> None:
    assert made.predicted.code == made.first.code == 0, made.first.told
    assert made.first.changed(NAME) == made.predicted.predicted(NAME)


def test_second_run_changes_nothing(made: Made) -> None:
    assert made.second.code == 0, made.second.told
    assert made.second.changed(NAME) == set()


@carries_out(OS, double={"driver": f"{PLANNED} open nvidia", **SYSTEM})
@pytest.mark.usefixtures("made")
def test_parts_are_carried_out(request: pytest.FixtureRequest, place: Place) -> None:
    carried_out.shown(request, place.lab())


@pytest.mark.usefixtures("made")
def test_set_is_of_one_version_with_its_fabric_manager(place: Place) -> None:
    driver = place.driver()
    assert set(driver.values()) == {PLANNED}, driver
    assert {"nvidia-fabricmanager", "nvidia-persistenced", "nvidia-firmware-580"} <= set(driver)
    there = set(nvidia_rows.versions(place.host))
    assert not there & {"cuda", "cuda-11-8", "cuda-toolkit-11-8", "cuda-drivers", "nsight-systems"}


@pytest.mark.usefixtures("made")
def test_old_source_file_with_another_key_is_moved_aside(place: Place) -> None:
    found = place.host.run(f"ls {OLD_SOURCE}*; apt-get -q update -o APT::Update::Error-Mode=any")
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.splitlines()[0] == f"{OLD_SOURCE}.gpuwright-old"


@pytest.mark.usefixtures("made")
def test_acceptance_checks_pass(place: Place) -> None:
    passed, said, skipped = nvidia_rows.accept(place.lab().inventory)
    assert passed, said
    reasons = {
        "no driver is loaded",
        "its plan has no PyTorch",
        "no dnf",
        "its kernel is not held",
        "its cuDNN comes as packages, which every program finds",
    }
    assert {reason.split(": ", 1)[1] for reason in skipped} <= reasons, said


# ----------------------------------------------------------------- what others left behind


@pytest.mark.usefixtures("made")
def test_driver_of_a_runfile_is_refused(place: Place) -> None:
    trace = place.host.rootfs / "usr/bin/nvidia-uninstall"
    trace.write_text("#!/bin/sh\n")
    try:
        with untouched(place.host):
            refused(place.run(), "DRIVER-FOREIGN", "from runfile", "`nvidia-uninstall`")
    finally:
        trace.unlink()


@pytest.mark.usefixtures("made")
def test_ppa_with_drivers_is_refused(place: Place) -> None:
    source = place.host.rootfs / "etc/apt/sources.list.d/graphics-drivers.list"
    source.write_text(
        "deb https://ppa.launchpadcontent.net/graphics-drivers/ppa/ubuntu jammy main\n"
    )
    try:
        with untouched(place.host):
            refused(place.run(), "DRIVER-PPA", "graphics-drivers")
    finally:
        source.unlink()


# ----------------------------------------------------------------- the world moves on


@pytest.mark.usefixtures("made")
def test_upgrades_after_newer_releases_move_nothing_of_the_set(place: Place) -> None:
    """Neither dist-upgrade nor unattended-upgrade; the kernel that is new beside it does move."""
    before = nvidia_rows.versions(place.host)
    place.double.publish(NEWER, "600.10.01")
    headers = kernels.debian_headers(root("debian-12"), None)
    ubuntu(OS).publish(headers, latest=True)
    done = place.host.run(
        "export DEBIAN_FRONTEND=noninteractive; apt-get -q update && "
        "apt-get -q -y dist-upgrade && unattended-upgrade -v"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert nvidia_rows.versions(place.host) == before
    offered = place.host.run("apt-cache madison nvidia-utils-580").stdout
    assert NEWER in offered
    newest = ubuntu(OS).kernels["generic"][-1]
    assert place.modules()[newest] == PLANNED, "the new kernel has no module"


@pytest.mark.usefixtures("made")
def test_run_after_newer_releases_changes_nothing(place: Place) -> None:
    again = place.run()
    assert again.code == 0, again.told
    assert again.changed(NAME) == set()


@pytest.mark.usefixtures("made")
def test_part_that_was_torn_out_comes_back_in_the_same_version(place: Place) -> None:
    """Apt says "unmet dependencies" on such a host, and a newer version of the part is there."""
    torn = place.host.run("dpkg --force-depends --remove libnvidia-gpucomp-580 2>&1")
    assert torn.returncode == 0, torn.stdout
    fixed = place.run()
    assert fixed.code == 0, fixed.told
    assert set(place.driver().values()) == {PLANNED}, place.driver()
    assert "libnvidia-gpucomp-580" in place.driver()
    assert place.host.run("apt-get check -q").returncode == 0


@pytest.mark.usefixtures("made")
def test_vanished_version_is_refused_with_what_is_there(place: Place) -> None:
    place.double.withdraw(OLDER)
    with untouched(place.host):
        refused(place.run(driver_branch="535"), "VERSION-GONE", OLDER, "535.288.01")
    place.double.publish(OLDER, revision="0ubuntu1")


@pytest.mark.usefixtures("made")
def test_repository_that_is_away_is_refused(place: Place) -> None:
    with untouched(place.host), place.host.faults(Faults(drop=("/doubles/",))):
        refused(place.run(driver_branch="535"), "REPO-UNREACHABLE", "ubuntu2204/x86_64")


@pytest.mark.usefixtures("made")
def test_stranger_s_signature_moves_nothing(place: Place) -> None:
    before = place.driver()
    place.double.sign_with_stranger()
    # Lists that were read before are as good as ever; the next ones are what must not be trusted.
    place.host.run("rm /var/lib/gpuwright/lists-read")
    run = place.run(driver_branch="535")
    assert "not signed" in run.told or "NO_PUBKEY" in run.told, run.told
    assert run.code == 1, run.told
    assert "Traceback" not in run.told
    assert place.driver() == before


@carries_out(OS, double={"driver": f"{OLDER} open nvidia", **SYSTEM})
@pytest.mark.usefixtures("made")
def test_rotated_key_is_refused_until_its_fingerprint_is_known(
    request: pytest.FixtureRequest, place: Place
) -> None:
    """Then it is accepted, and the move that was asked for is made in the same run."""
    known = {"nvidia": [AptDouble("ubuntu2204", NAME).reset().fingerprint]}
    new = place.double.rotate_key()
    with untouched(place.host):
        refused(place.run(driver_branch="535", fingerprints=known), "REPO-KEY", new)
    moved = place.run(driver_branch="535", fingerprints={"nvidia": [new]})
    assert moved.code == 0, moved.told
    driver = place.driver()
    assert set(driver.values()) == {OLDER}, driver
    assert set(place.modules().values()) == {OLDER}
    trusted = {"nvidia": [new]}
    carried_out.shown(request, place.lab(driver_branch="535", fingerprints=trusted))


# ----------------------------------------------------------------- moves


@pytest.mark.usefixtures("made")
def test_move_back_that_is_cut_off_in_each_phase_ends_whole(place: Place) -> None:
    """Power cuts while dpkg is at work and while modules are built; a kill of pyinfra between."""
    phases = [
        Phase("power", "driver/status", "pmstatus:"),
        Phase("kill", "driver/status", ":Unpacking "),
        Phase("power", "driver/status", ":Installing "),
        Phase("power", "dkms/script", "dkms"),
    ]
    reached, wanted = [], "580"
    for phase in phases:
        place.lab(driver_branch=wanted)
        if cut_off(place.host, place.folder, phase):
            reached.append(phase)
        else:  # It was done before that phase: the other way then.
            wanted = "535" if wanted == "580" else "580"
    print(f"cut off at: {reached}")
    assert len(reached) >= 2, "too few phases were met"
    ended = place.run(driver_branch="580")
    assert ended.code == 0, ended.told
    assert set(place.driver().values()) == {PLANNED}, place.driver()
    assert set(place.modules().values()) == {PLANNED}
    again = place.run(driver_branch="580")
    assert again.changed(NAME) == set(), again.told
    assert place.host.run("dpkg --audit").stdout == ""


@carries_out(OS, double={"driver": f"{PLANNED} open ubuntu signed", **SYSTEM})
@pytest.mark.usefixtures("made")
def test_move_to_ubuntus_signed_driver_by_name(
    request: pytest.FixtureRequest, place: Place
) -> None:
    moved = place.run(driver_origin="ubuntu", driver_branch="580")
    assert moved.code == 0, moved.told
    there = set(nvidia_rows.versions(place.host))
    assert "nvidia-utils-580-server" in there
    assert not there & {"nvidia-utils-580", "nvidia-dkms-580", "nvidia-dkms-580-open"}
    assert set(place.modules().values()) == {PLANNED}
    again = place.run(driver_origin="ubuntu", driver_branch="580")
    assert again.changed(NAME) == set(), again.told
    carried_out.shown(request, place.lab(driver_origin="ubuntu", driver_branch="580"))
