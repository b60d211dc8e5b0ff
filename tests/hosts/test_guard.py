"""The kernel guard on a real host: new kernels come through real apt, DKMS builds, systemd watches.

The host is a Debian 12 container whose driver comes from the double of NVIDIA's repository. New
kernels are stand-ins with Debian's real headers under another name (docs/sandbox.md), in an archive
of its own. GRUB's choice needs a machine that boots: ``tests/hosts/test_vm_faults.py``.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from facts.evidence import evidence_command
from facts.host import probe_command
from facts.parse import parse_host
from facts.parse.evidence import evidence
from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles import apt_index, deb, kernels
from sandbox.doubles.deb import Deb
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.local import prepare
from sandbox.roots.build import root
from tasks.doctor.tree import Ready, diagnose
from tasks.guard import kernel_holds, program
from tasks.health.case import Case
from tests.hosts import nvidia_rows, runner
from tests.hosts.lab import Lab, Made, Run

NAME = "guard"
NEW, NEWEST = "6.1.0-98-cloud-amd64", "6.1.0-99-cloud-amd64"
ARCHIVE = "srv/kernels"
METRICS = "/var/lib/prometheus/node-exporter"
STEP = "Kernel guard and policy"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "


@dataclass(frozen=True)
class Place:
    """The host, the repository of its driver, and a folder for inventories."""

    host: SandboxHost
    double: AptDouble
    folder: Path

    def run(self, *words: str, **data: Any) -> Run:
        """One run of the deploy."""
        return Lab(self.host, self.inventory(**data)).pyinfra(*(words or ("-y",)))

    def inventory(self, **data: Any) -> Path:
        """An inventory with this host and ``data``."""
        more = {"without": ["torch", "cuda"], "driver_branch": "580", "driver_origin": "nvidia"}
        row = nvidia_rows.host_data(self.host, self.double, **more, **data)
        return runner.inventory(self.folder, **{NAME: row})

    def sh(self, command: str) -> str:
        """Run a shell command on the host, which must succeed; gives its standard output."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def record(self) -> dict[str, Any]:
        """What the guard wrote down last."""
        file = self.host.rootfs / program.RECORD.lstrip("/")
        found: dict[str, Any] = json.loads(file.read_text())
        return found

    def when(self, kernel: str, ready: bool) -> dict[str, Any]:
        """Wait until the guard, by itself, says this of the next boot."""
        deadline = time.monotonic() + 180
        while True:
            found = self.record()
            if (found["kernel"], found["ready"]) == (kernel, ready):
                return found
            assert time.monotonic() < deadline, (found, self.sh("journalctl -u gpuwright-guard"))
            time.sleep(0.3)

    def doctor(self) -> Ready:
        """What the doctor says of the next boot."""
        state = parse_host(self.sh(probe_command()).splitlines())
        next_boot = state.kernels.next_boot
        assert next_boot is not None
        answer = self.sh(evidence_command([next_boot]))
        return diagnose(Case(state, evidence(answer.splitlines()))).next_boot

    def metric(self, awaited: str) -> str:
        """The line for Prometheus, as awaited or as it stays: the guard writes its record first."""
        deadline = time.monotonic() + 60
        while True:
            line = self.sh(f"grep '^gpuwright_next_boot_ready' {METRICS}/gpuwright.prom")
            if line == awaited or time.monotonic() > deadline:
                return line
            time.sleep(0.3)

    def publish(self, *packages: Deb) -> None:
        """Put packages into the archive of kernels."""
        folder = self.host.rootfs / ARCHIVE
        for file in deb.build(packages):
            shutil.copy(file, folder)
        apt_index.write_packages(folder, ".", ".")
        self.sh("apt-get -q update -o APT::Update::Error-Mode=any")


def packages(release: str, version: str, headers: Path) -> list[Deb]:
    """A kernel, its headers, and the metapackages that bring them."""
    metas = [
        Deb(f"linux-{part}-cloud-amd64", version, fields={"Depends": f"linux-{part}-{release}"})
        for part in ("image", "headers")
    ]
    image = kernels.image(release, version)
    return [image, kernels.headers(release, version, headers), *metas]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        prepare.check()
    except SandboxError as error:
        pytest.skip(str(error))
    host = hosts.up(HostSpec(NAME, gpus=("h100",)), fresh=True)
    found = Place(host, AptDouble("debian12", NAME).reset(), tmp_path_factory.mktemp(NAME))
    found.sh(
        f"mkdir -p {METRICS} /{ARCHIVE}; "
        f"echo 'deb [trusted=yes] file:/{ARCHIVE} ./' >/etc/apt/sources.list.d/kernels.list; "
        f": >/{ARCHIVE}/Packages"
    )
    yield found
    host.down()


@pytest.fixture(scope="module")
def made(place: Place) -> Made:
    """Predicted, made, and made again."""
    return Made(place.run("--dry"), place.run(), place.run())


@pytest.fixture(scope="module")
def own(place: Place, made: Made) -> str:
    """The host's own kernel, which is ready."""
    assert made.first.code == 0, made.first.told
    return str(place.record()["kernel"])


def test_guard_comes_as_predicted_and_second_run_changes_nothing(made: Made) -> None:
    assert made.first.code == 0, made.first.told
    assert STEP in made.predicted.predicted(NAME) == made.first.changed(NAME)
    assert made.second.changed(NAME) == set()
    assert "by the policy free (GRUB is not here)" in made.first.told


def test_host_is_ready_and_no_message_disturbs(place: Place, own: str) -> None:
    assert place.record()["ready"] is True
    line = f'gpuwright_next_boot_ready{{kernel="{own}"}} 1'
    assert place.metric(line) == line
    assert "GPU" not in place.sh("run-parts /etc/update-motd.d")


def test_kernel_without_headers_is_told_everywhere(place: Place, own: str) -> None:
    headers = kernels.debian_headers(root("debian-12", place.host.mirror_url), None)
    place.publish(*packages(NEW, "6.1.998-1", headers)[:2])
    place.sh(f"{APT} install linux-image-{NEW}")
    found = place.when(NEW, ready=False)
    assert "headers are not installed" in found["why"]
    line = f'gpuwright_next_boot_ready{{kernel="{NEW}"}} 0'
    assert place.metric(line) == line
    told = place.sh("run-parts /etc/update-motd.d")
    assert f"kernel {NEW} boots next" in told
    assert f"apt-get install linux-headers-{NEW}" in told
    assert place.doctor().ready is False


def test_headers_that_come_later_are_built_with(place: Place, own: str) -> None:
    """DKMS's own hook is switched off: what builds is the guard."""
    place.sh("touch /etc/dkms/no-autoinstall")
    place.sh(f"{APT} install linux-headers-{NEW}")
    assert f"nvidia.ko for {NEW}" not in place.sh("cat /var/log/dpkg.log")
    place.when(NEW, ready=True)
    place.sh("rm /etc/dkms/no-autoinstall")
    assert "is built" in place.sh("journalctl -u gpuwright-guard -o cat")
    assert place.doctor().ready is True
    assert "GPU" not in place.sh("run-parts /etc/update-motd.d")


def test_kernel_that_goes_is_forgotten(place: Place, own: str) -> None:
    place.sh(f"{APT} purge linux-image-{NEW} linux-headers-{NEW}")
    place.when(own, ready=True)


def test_held_kernel_is_moved_by_no_upgrade(place: Place, own: str) -> None:
    place.sh("apt-mark hold linux-headers-cloud-amd64")  # somebody's own
    predicted, held = place.run("--dry", kernel_policy="hold"), place.run(kernel_policy="hold")
    assert held.code == 0, held.told
    assert predicted.predicted(NAME) == held.changed(NAME) == {STEP}
    headers = kernels.debian_headers(root("debian-12"), None)
    place.publish(*packages(NEWEST, "6.1.999-1", headers))
    assert NEWEST in place.sh("apt-cache search --names-only linux-image")
    for more in ("", " --ignore-hold"):
        assert NEWEST not in place.sh(f"{APT} -s{more} dist-upgrade")
    place.sh(f"{APT} dist-upgrade")
    assert NEWEST not in place.sh("ls /boot")
    again = place.run(kernel_policy="hold")
    assert (again.code, again.changed(NAME)) == (0, set()), again.told


def test_another_policy_undoes_the_hold_and_nothing_else(place: Place, own: str) -> None:
    predicted, freed = place.run("--dry"), place.run()
    assert freed.code == 0, freed.told
    assert predicted.predicted(NAME) == freed.changed(NAME) == {STEP}
    held = place.sh("apt-mark showhold").split()
    assert [name for name in held if name.startswith("linux-")] == ["linux-headers-cloud-amd64"]
    for path in (kernel_holds.LIST, kernel_holds.PINS, kernel_holds.UNATTENDED):
        assert place.host.run(f"test -e {path}").returncode != 0


def test_upgrade_of_kernel_and_headers_stays_ready(place: Place, own: str) -> None:
    place.sh("apt-mark unhold linux-headers-cloud-amd64")
    place.sh(f"{APT} dist-upgrade")
    place.when(NEWEST, ready=True)
    assert place.doctor().ready is True


def test_policy_that_cannot_be_kept_is_a_warning(place: Place, own: str) -> None:
    asked = place.run(kernel_policy="follow")
    assert asked.code == 0, asked.told
    assert "KERNEL-POLICY" in asked.report and "GRUB is not here" in asked.report


def test_unknown_policy_is_refused(place: Place, own: str) -> None:
    with runner.untouched(place.host):
        refused = place.run(kernel_policy="Hold")
    assert refused.code != 0
    assert "one of hold, follow, free" in refused.told


def test_host_without_the_program_works_on(place: Place, own: str) -> None:
    """A guard that somebody deleted disturbs neither apt nor a boot nor a login."""
    place.sh(f"rm {program.PROGRAM}")
    place.sh(f"{APT} purge linux-headers-{NEWEST}")
    place.sh("systemctl daemon-reload; systemctl start gpuwright-guard.service")
    assert place.sh("systemctl list-units --failed --plain --no-legend 'gpuwright*'") == ""
    assert place.host.run("run-parts /etc/update-motd.d").returncode == 0
    back = place.run()
    assert back.code == 0 and STEP in back.changed(NAME), back.told
