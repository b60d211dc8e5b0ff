"""The driver doctor on a real host: each fault is made, named, and gone when it is undone.

The host has a driver from the double of NVIDIA's repository: real packages, a module that DKMS
really builds. It is a container, so faults of a loaded driver are tested on values only
(``tests/unit/tasks/test_doctor.py``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from facts.evidence import evidence_command
from facts.host import probe_command
from facts.parse import parse_host
from facts.parse.evidence import evidence
from sandbox import hosts, prepare
from sandbox.checkout import SOURCE, SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tasks.doctor.case import Case
from tasks.doctor.catalog import faults
from tasks.doctor.tree import Diagnosis, diagnose
from tests.hosts import runner

VERSION = "580.159.04"
DEPLOY = "deploys/driver_doctor.py"
INSTALL = """\
set -e
cat >/usr/share/keyrings/cuda.asc
echo 'deb [signed-by=/usr/share/keyrings/cuda.asc] {address} /' >/etc/apt/sources.list.d/cuda.list
printf 'Package: *nvidia* libcuda*\\nPin: version {version}*\\nPin-Priority: 1001\\n' \
    >/etc/apt/preferences.d/driver
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -qy install --no-install-recommends linux-headers-cloud-amd64 \
    nvidia-driver-cuda nvidia-kernel-open-dkms
"""
# Shell that each step below begins with.
HEAD = f"""\
set -e
export DEBIAN_FRONTEND=noninteractive
V={VERSION}; K=$(ls /lib/modules | head -n 1); M=/lib/modules/$K; D=$M/updates/dkms
SRC=/usr/src/nvidia-$V; LIB=/usr/lib/x86_64-linux-gnu
mkdir -p /root/away
"""
SAVED = "cp -a /var/lib/dkms/nvidia /root/saved; cp -a $D /root/saved-modules"
RESTORED = (
    "rm -rf /var/lib/dkms/nvidia $D; mkdir -p $M/updates; cp -a /root/saved /var/lib/dkms/nvidia; "
    "cp -a /root/saved-modules $D; depmod $K"
)
FAIL_TO_BUILD = "rm -r $D; ! dkms build --force nvidia/$V -k $K"


@dataclass(frozen=True)
class Injury:
    """A fault that can be made, and undone."""

    code: str
    make: str
    undo: str
    seen: str
    """What the doctor has to have seen."""
    next_boot: bool = False
    """Whether the next boot is ready in spite of it."""


INJURIES = [
    Injury(
        "D1",
        "rm $M/build; mv $D /root/away/",
        "mv /root/away/dkms $D; ln -s /usr/src/linux-headers-$K $M/build",
        "/build does not exist",
    ),
    Injury(
        "D1",
        "ln -sfn /usr/src/gone $M/build; mv $D /root/away/",
        "mv /root/away/dkms $D; ln -sfn /usr/src/linux-headers-$K $M/build",
        "its build link leads to /usr/src/gone, which is not there",
    ),
    Injury("D1", "dkms uninstall nvidia/$V -k $K", RESTORED, f"nvidia/{VERSION} built"),
    Injury(
        "D2",
        "mkdir /lib/modules/9.9.9-1-none; touch /boot/vmlinuz-9.9.9-1-none",
        "rm -r /lib/modules/9.9.9-1-none /boot/vmlinuz-9.9.9-1-none",
        "offers no headers",
    ),
    Injury(
        "D3",
        r"sed -n 's/^\(MAKE\[0\]=.*make[^ ]*\) /\1 CC=gcc-9 /p' $SRC/dkms.conf "
        f">/etc/dkms/nvidia.conf; {FAIL_TO_BUILD}",
        f"rm /etc/dkms/nvidia.conf; {RESTORED}",
        "gcc-9",
    ),
    Injury(
        "D4",
        "cp $SRC/nvidia.c /root/away/; echo 'int gw(struct page *p) { return p->gone; }' "
        f">>$SRC/nvidia.c; {FAIL_TO_BUILD}",
        f"mv /root/away/nvidia.c $SRC/; {RESTORED}",
        "has no member named 'gone'",
    ),
    Injury(
        "D5",
        f"mount -t tmpfs -o size=20k none /tmp; {FAIL_TO_BUILD}",
        f"umount /tmp; {RESTORED}",
        "No space left on device",
    ),
    Injury(
        "D9",
        "mkdir -p /root/p/DEBIAN; printf 'Package: half\\nVersion: 1\\nArchitecture: all\\n"
        "Maintainer: a\\nDescription: b\\n' >/root/p/DEBIAN/control; "
        "printf '#!/bin/sh\\nexit 1\\n' >/root/p/DEBIAN/postinst; "
        "chmod +x /root/p/DEBIAN/postinst; dpkg-deb -b /root/p /root/half.deb; "
        "! dpkg -i /root/half.deb",
        "dpkg --purge half; rm -r /root/p /root/half.deb",
        "half iF",
    ),
    Injury(
        "D9",
        "apt-mark hold nvidia-smi; dpkg --force-depends --remove libnvidia-ml1",
        "apt-get -qy -f install; apt-mark unhold nvidia-smi",
        "Depends: libnvidia-ml1",
    ),
    Injury(
        "D9",
        "mkdir -p /srv/other/p/DEBIAN; printf 'Package: nvidia-utils-other\\nVersion: 1\\n"
        "Architecture: all\\nMaintainer: a\\nDescription: b\\n' >/srv/other/p/DEBIAN/control; "
        "cd /srv/other; dpkg-deb -b p other.deb; dpkg-scanpackages . >Packages; "
        "printf 'Origin: Other\\n' >Release; "
        "echo 'deb [trusted=yes] file:/srv/other ./' >/etc/apt/sources.list.d/other.list; "
        "apt-get -q update -o Dir::Etc::sourcelist=sources.list.d/other.list "
        "-o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0; "
        "apt-get -qy install nvidia-utils-other",
        "apt-get -qy purge nvidia-utils-other; rm -r /srv/other /etc/apt/sources.list.d/other.list "
        "/var/lib/apt/lists/_srv_other*",
        "Other: nvidia-utils-other 1",
        next_boot=True,
    ),
    Injury(
        "D11",
        "cp -a $D /root/away/; sed -i 's/vermagic=6\\.1\\.0-../vermagic=6.1.0-99/' $D/nvidia.ko",
        "rm -r $D; mv /root/away/dkms $D",
        "vermagic 6.1.0-99-cloud-amd64",
    ),
    Injury(
        "D13",
        "echo 'install nvidia /bin/false' >/etc/modprobe.d/no.conf",
        "rm /etc/modprobe.d/no.conf",
        "/etc/modprobe.d/no.conf",
    ),
    Injury(
        "D15",
        "cp -a $D /root/away/; sed -i 's/580\\.159\\.04/580.159.03/' $D/nvidia.ko",
        "rm -r $D; mv /root/away/dkms $D",
        "nvidia.ko 580.159.03; libraries 580.159.04",
    ),
    Injury(
        "D16",
        "cp $D/nvidia.ko $M/kernel/; sed -i 's/580\\.159\\.04/535.183.01/' $M/kernel/nvidia.ko",
        "rm $M/kernel/nvidia.ko",
        "kernel/nvidia.ko 535.183.01",
    ),
    Injury(
        "D16",
        "cp -a $D /boot/initrd.img-$K /root/away/; echo nvidia >>/etc/initramfs-tools/modules; "
        "update-initramfs -u -k $K; sleep 1; echo more >>$D/nvidia.ko",
        "rm -r $D; mv /root/away/dkms $D; mv /root/away/initrd.img-$K /boot/; "
        "sed -i '/^nvidia$/d' /etc/initramfs-tools/modules",
        "older than the file on the disk",
    ),
    Injury(
        "D18",
        "mv $LIB/libnvidia-ml.so* /root/away/; ldconfig",
        "mv /root/away/libnvidia-ml.so* $LIB/; ldconfig",
        "libnvidia-ml1",
    ),
    Injury(
        "D19",
        "mv /lib/firmware/nvidia/$V /root/away/",
        "mv /root/away/$V /lib/firmware/nvidia/",
        "gsp_*.bin of no version",
    ),
    Injury(
        "DISK-FULL",
        "mount -t tmpfs -o size=4m none /tmp",
        "umount /tmp",
        "/tmp: 4 MB free",
        next_boot=True,
    ),
    Injury(
        "C3",
        "mkdir -p /etc/nvidia-container-runtime; "
        "printf '[nvidia-container-cli]\\nno-cgroups = true\\n' "
        ">/etc/nvidia-container-runtime/config.toml",
        "rm -r /etc/nvidia-container-runtime",
        "no-cgroups = true",
        next_boot=True,
    ),
    Injury(
        "C4",
        "mkdir -p /etc/cdi; printf 'kind: nvidia.com/gpu\\ncontainerEdits:\\n  mounts:\\n"
        "  - hostPath: '$LIB'/libcuda.so.580.95.05\\n' >/etc/cdi/nvidia.yaml",
        "rm -r /etc/cdi",
        "it names libraries 580.95.05; here is 580.159.04",
        next_boot=True,
    ),
    Injury(
        "C6",
        "mkdir -p /etc/docker; echo '{}' >/etc/docker/daemon.json; "
        'echo \'{"data-root": "/data"}\' >/etc/docker/daemon.json.bak',
        "rm -r /etc/docker",
        "daemon.json.bak has data-root",
        next_boot=True,
    ),
    Injury(
        "C7",
        "cd /etc/apt/sources.list.d; sed 's/\\[[^]]*\\] //' cuda.list >old.list",
        "rm /etc/apt/sources.list.d/old.list",
        "/etc/apt/sources.list.d/old.list: none",
        next_boot=True,
    ),
]


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    try:
        prepare.check()
    except SandboxError as error:
        pytest.skip(str(error))
    patient = hosts.up(HostSpec("doctor", gpus=("h100",)), fresh=True)
    double = AptDouble("debian12").reset()
    address = f"{patient.mirror_url}{double.path}debian12/x86_64"
    key = (double.folder / "3bf863cc.pub").read_text()
    script = INSTALL.format(address=address, version=VERSION)
    done = patient.run(script.replace("/cuda.asc\n", f"/cuda.asc <<'KEY'\n{key}\nKEY\n", 1))
    assert done.returncode == 0, done.stdout + done.stderr
    do(patient, SAVED)
    yield patient
    patient.down()


def judged(host: SandboxHost) -> Diagnosis:
    """What the doctor says of the host now."""
    state = parse_host(host.run(probe_command()).stdout.splitlines())
    kernels = [k for k in (state.kernels.running, state.kernels.next_boot) if k]
    return diagnose(Case(state, evidence(host.run(evidence_command(kernels)).stdout.splitlines())))


def do(host: SandboxHost, script: str) -> None:
    done = host.run(HEAD + script)
    assert done.returncode == 0, done.stdout + done.stderr


def pyinfra(host: SandboxHost, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the deploy as a user does, without ``-y`` and without a terminal."""
    inventory = runner.inventory(folder, **{host.name: runner.host_data(host)})
    return subprocess.run(
        [sys.executable, "-m", "pyinfra", *words, str(inventory), DEPLOY],
        cwd=SOURCE,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_healthy_host_is_ok_and_is_left_as_it_was(host: SandboxHost, tmp_path: Path) -> None:
    with runner.untouched(host):
        done = pyinfra(host, tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "doctor: OK, nothing is wrong")
    assert "next_boot_ready: yes" in done.stdout


@pytest.mark.parametrize(
    "injury", [pytest.param(x, id=f"{x.code}-{i}") for i, x in enumerate(INJURIES)]
)
def test_fault_is_named_alone_and_gone_when_undone(host: SandboxHost, injury: Injury) -> None:
    do(host, injury.make)
    try:
        answer = judged(host)
    finally:
        do(host, injury.undo)
    assert [f.code for f in answer.findings] == [injury.code], answer.findings
    assert injury.seen in answer.findings[0].observed
    assert answer.next_boot.ready is injury.next_boot
    assert judged(host).findings == ()


def test_ill_host_ends_with_two_and_tells_the_same_as_text_and_as_data(
    host: SandboxHost, tmp_path: Path
) -> None:
    do(host, "mv $D /root/away/")
    text, data = pyinfra(host, tmp_path), pyinfra(host, tmp_path, "--json")
    do(host, "mv /root/away/dkms $D")
    assert (text.returncode, data.returncode) == (2, 2)
    assert "D1 CRITICAL: there is no NVIDIA module for kernel" in text.stdout
    (finding,) = json.loads(data.stdout)["hosts"]["doctor"]["findings"]
    assert finding["code"] == "D1"
    assert finding["command"] in text.stdout


def test_warning_ends_with_one(host: SandboxHost, tmp_path: Path) -> None:
    do(host, "touch /usr/bin/nvidia-uninstall")
    done = pyinfra(host, tmp_path)
    do(host, "rm /usr/bin/nvidia-uninstall")
    assert done.returncode == 1
    assert "D9 WARN: the driver comes from several places" in done.stdout


def test_faults_said_to_be_tested_on_a_host_are_those_above() -> None:
    said = {code for code, row in faults().items() if row.tested == "host"}
    assert said == {injury.code for injury in INJURIES}
