"""A server with Debian's full kernel, whose initramfs has nouveau as that of a desktop has.

The kernels of the other hosts are the cloud's and have no drivers of cards.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import nvidia_rows, runner
from tests.hosts.able import needs_hosts
from tests.hosts.machine import said

pytestmark = needs_hosts()

PREPARE = """\
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -y purge 'linux-image-*-cloud-amd64' linux-image-cloud-amd64
echo COMPRESSLEVEL=1 >/etc/initramfs-tools/conf.d/quick
# As where cryptsetup or plymouth is installed: the initramfs has drivers of cards.
cat >/etc/initramfs-tools/hooks/cards <<'END'
#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules nouveau
END
chmod 755 /etc/initramfs-tools/hooks/cards
apt-get -q -y --no-install-recommends install linux-image-amd64
"""
H100 = "pci:v000010DEd00002330sv000010DEsd000016C1bc03sc02i00"
"""The alias that udev asks modprobe for, which nouveau claims for every display of NVIDIA's."""
IN_THE_IMAGE = f"""\
set -eu
kernel=$(ls /lib/modules)
rm -rf /tmp/image && mkdir /tmp/image && cd /tmp/image
unmkinitramfs /boot/initrd.img-$kernel . >/dev/null
[ ! -d main ] || cd main
lsinitramfs /boot/initrd.img-$kernel | grep -o 'nouveau[.]ko' || :
modprobe -b -n -v -d . -C etc/modprobe.d -S $kernel {H100} 2>&1 | grep -o '[a-z]*[.]ko' | tail -n 1
"""
"""What of nouveau an initramfs holds, and which module udev in it would load for an H100."""


@pytest.fixture(scope="module")
def made() -> Iterator[SandboxHost]:
    """The server as its owner has it."""
    host = hosts.up(HostSpec("metal", gpus=("h100",)), fresh=True)
    done = host.run(f"{PREPARE} 2>&1")
    assert done.returncode == 0, done.stdout[-3000:]
    yield host
    host.down()


def test_nouveau_of_the_full_kernel_is_kept_off_in_the_initramfs_too(
    made: SandboxHost, tmp_path: Path
) -> None:
    before = said(made, IN_THE_IMAGE).split()
    assert before == ["nouveau.ko", "nouveau.ko"], "the control: without a run it would be loaded"
    double = AptDouble("debian12", "metal").reset()
    asked = {"without": ["cuda", "torch"], "driver_origin": "nvidia"}
    runner.inventory(tmp_path, metal=nvidia_rows.host_data(made, double, **asked))
    done = runner.wait(runner.start(tmp_path), tmp_path)
    assert done.code == 0, done.said
    after = made.run(IN_THE_IMAGE).stdout.split()
    assert after == ["nouveau.ko"], "the file may be there, and nothing loads it"
