"""A virtual machine that provisions itself, reboots in the middle of it and goes on to its verdict.

It has user data and nobody who logs in. Its kernel has loaded a module named nouveau for the card,
as a fresh machine does, and only a reboot gives that up. cloud-init, systemd, apt, DKMS, the
kernel and its reboot are real; the driver is the stand-in of NVIDIA's double. The environment of
gpuwright is made before, natively: where KVM does not work that alone takes minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sandbox import hosts
from sandbox.doubles.nvidia_devices import DeviceDouble
from sandbox.hosts import HostSpec, SandboxHost
from tasks.pull import __main__ as command
from tasks.pull.files import UNIT
from tasks.pull.onhost.files import HERE
from tests.hosts import machine as machines
from tests.hosts import nvidia_rows, runner
from tests.hosts.machine import said
from tests.hosts.test_first_boot import OURS, SEED, lay, office

MAKER, NAME = "sown", "sprouted"
LIMIT_S = 1500
# Installed ahead is what a cloud's image has, and what takes minutes of emulated work. What else is
# needed comes from NVIDIA's repository: the archive's long lists would take minutes to read, and an
# empty one stands for it.
PREPARE = """\
set -e
export DEBIAN_FRONTEND=noninteractive
kernel=$(ls /lib/modules)
apt-get -qq update
apt-get -qq -y install --no-install-recommends cloud-init python3-venv ca-certificates \\
    grub-pc dkms gcc make libc6-dev linux-headers-cloud-amd64
mkdir -p /srv/debian/dists/bookworm
cd /srv/debian/dists/bookworm
mkdir -p main/binary-amd64 contrib/binary-amd64
: | tee main/binary-amd64/Packages >contrib/binary-amd64/Packages
{
    printf '%s\\n' 'Origin: Debian' 'Suite: stable' 'Codename: bookworm' 'Architectures: amd64' \\
        'Components: main contrib' "Date: $(date -Ru)" 'SHA256:'
    for file in */binary-amd64/Packages; do
        echo " $(sha256sum <$file | cut -d ' ' -f 1) 0 $file"
    done
} >Release
echo 'deb [trusted=yes] file:/srv/debian bookworm main contrib' >/etc/apt/sources.list
rm -rf /var/lib/apt/lists/*
apt-get -qq update
mkdir -p /srv/nouveau /var/log/journal /etc/systemd/journald.conf.d
printf '[Journal]\\nForwardToConsole=yes\\n' > /etc/systemd/journald.conf.d/console.conf
cd /srv/nouveau
printf '#include <linux/module.h>\\nMODULE_LICENSE("GPL");\\n%s\\n' \\
    'MODULE_ALIAS("pci:v000010DEd*sv*sd*bc03sc*i*");' >nouveau.c
echo 'obj-m := nouveau.o' >Kbuild
make -s -C "/lib/modules/$kernel/build" M="$PWD" modules
install -D -m 644 nouveau.ko "/lib/modules/$kernel/kernel/drivers/gpu/drm/nouveau/nouveau.ko"
depmod "$kernel"
"""
# By the program's own words, of which nothing but the environment stays.
ENVIRONMENT = f"""\
set -e
sh /srv/provision.sh
systemctl -q disable {UNIT}
cd {HERE}
python3 -s -E - <<END
from onhost import files, source
told = files.mapping(files.HERE / "settings.json")
source.environment(source.fetched(told["archive"]), told["data"]["mirrors"]["pypi"], "", 60)
END
rm -r onhost settings.json start /srv/provision.sh /etc/systemd/system/{UNIT}
"""


@dataclass(frozen=True)
class Sprouted:
    """The machine after its verdict, and what the webhook was told."""

    host: SandboxHost
    posted: list[dict[str, Any]]
    seconds: float


@pytest.fixture(scope="module")
def sprouted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sprouted]:
    """Debian 12 with one simulated H100 and user data, from its first boot to its verdict."""
    if why := machines.lacking():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp(NAME)
    double = DeviceDouble("debian12", MAKER).reset()
    maker = hosts.up(HostSpec(MAKER), fresh=True)
    said(maker, PREPARE)
    assert maker.mirror_url
    gateway = urlsplit(maker.mirror_url).hostname or ""
    archive = folder / "gpuwright.tar.xz"
    assert command.main(["archive", "--out", str(archive)]) == 0
    data = nvidia_rows.host_data(maker, double, driver_origin="nvidia", without=["cuda", "torch"])
    values = folder / "values.yaml"
    values.write_text(yaml.safe_dump(json.loads(json.dumps(data))))
    with office(gateway, archive.read_bytes()) as made:
        words = ["--archive", str(archive), "--from", f"{made.address}/g.tar.xz"]
        words += ["--values", str(values), "--webhook", f"{made.address}/told", "--out"]
        assert command.main(["script", "--next-boot", *words, str(folder / "script")]) == 0
        assert command.main(["user-data", *words, str(folder / "user-data")]) == 0
        lay(maker, {"srv/provision.sh": (folder / "script").read_text()})
        said(maker, ENVIRONMENT)
        seed = {
            f"{SEED}/user-data": (folder / "user-data").read_text(),
            f"{SEED}/meta-data": f"instance-id: {NAME}-1\nlocal-hostname: {NAME}\n",
            "etc/cloud/cloud.cfg.d/99-here.cfg": OURS,
        }
        lay(maker, seed)
        maker.kill()
        began = time.monotonic()
        host = hosts.up(HostSpec(NAME, gpus=("h100",), vm=True, disk_of=MAKER), fresh=True)
        maker.down()
        # Nobody logs in: the webhook tells that it is over.
        runner.until(lambda: bool(made.posted), f"a verdict; {console(host)}", LIMIT_S, 0.5)
        yield Sprouted(host, made.posted, time.monotonic() - began)
    if not request.session.testsfailed:
        host.down()


def console(host: SandboxHost) -> Path:
    """Where the machine's console is kept, with its journal."""
    return host.rootfs.parent / "console.log"


def test_machine_reboots_itself_in_the_middle_and_ends_with_its_verdict(
    sprouted: Sprouted,
) -> None:
    host, verdict = sprouted.host, sprouted.posted[0]
    assert verdict["verdict"] == "OK", f"{verdict}; {console(host)}"
    assert (verdict["done"], verdict["reboots"], verdict["tries"]) == (True, 1, 1)
    assert verdict["proof"].startswith("cuda-call (1 "), verdict
    before, after = (said(host, f"journalctl -o cat -b {b} -u {UNIT}") for b in ("-1", "0"))
    assert "reboots for D8" in before and ", and goes on after it" in before, before
    assert "reboots for" not in after and "OK: cuda-call" in after, after
    state = said(host, f"systemctl show {UNIT} -p ActiveState -p SubState -p ExecMainStatus")
    assert state.split() == ["ExecMainStatus=0", "ActiveState=active", "SubState=exited"]
    assert json.loads(said(host, "cat /var/lib/gpuwright/pull/verdict.json")) == verdict
    assert "nouveau" not in said(host, "cat /proc/modules").split()


def test_next_boot_runs_nothing_again(sprouted: Sprouted) -> None:
    host = sprouted.host
    machines.reboot(host)
    runner.until(
        lambda: "nothing to do" in host.run(f"systemctl status {UNIT}").stdout, "its word", 120, 1
    )
    assert len(sprouted.posted) == 1
