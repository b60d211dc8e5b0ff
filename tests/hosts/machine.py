"""One virtual machine for all tests that need a kernel of their own, prepared natively.

It runs an older kernel of its distribution with the driver of NVIDIA's double, its module built by
DKMS. The newer kernel and its headers lie in a repository on its disk, unpacked, so that installing
them there is real and does not take minutes of emulated decompression.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.faults.driver import VERSION
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.local import prepare
from sandbox.vm import machine as vm

MAKER = "maker"
SPEC = HostSpec("machine", gpus=("h100",) * 8, vm=True, disk_of=MAKER)
"""Eight simulated GPUs with NVSwitch."""
LOCKED = HostSpec("locked", gpus=("h100",), vm=True, secure_boot=True, disk_of=MAKER)
_BOOT_LIMIT_S = 300

_PREPARE = Path(__file__).with_name("machine.sh")


def lacking() -> str:
    """What this machine lacks for virtual machines; empty if nothing."""
    try:
        prepare.check()
        vm.prepare()
        vm.check()
    except SandboxError as error:
        return str(error)
    return ""


def maker() -> Iterator[SandboxHost]:
    """The container, switched off, whose disk the machines get."""
    if why := lacking():
        pytest.skip(why)
    double = AptDouble("debian12").reset()
    host = hosts.up(HostSpec(MAKER), fresh=True)
    address = f"{host.mirror_url}{double.path}debian12/x86_64"
    key = (double.folder / "3bf863cc.pub").read_text()
    (host.rootfs / "root/prepare.sh").write_text(_PREPARE.read_text())
    (host.rootfs / "usr/share/keyrings/cuda.asc").write_text(key)
    done = host.run(f"sh /root/prepare.sh {address} {VERSION} 2>&1")
    assert done.returncode == 0, done.stdout[-3000:]
    host.kill()
    yield host
    host.down()


def booted(spec: HostSpec) -> Iterator[SandboxHost]:
    """A machine with a copy of that disk; it runs the older kernel."""
    host = hosts.up(spec, fresh=True)
    yield host
    host.down()


def said(host: SandboxHost, command: str) -> str:
    """Standard output of a command that must succeed."""
    done = host.run(command)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def boot_id(host: SandboxHost) -> str:
    """The id of the kernel's run; empty where the host does not answer."""
    return host.run("cat /proc/sys/kernel/random/boot_id").stdout.strip()


def reboot(host: SandboxHost) -> None:
    """Let the machine reboot itself, and wait until it answers again."""
    before = boot_id(host)
    host.run("sync; systemctl reboot")
    deadline = time.monotonic() + _BOOT_LIMIT_S
    while boot_id(host) in ("", before):
        assert time.monotonic() < deadline, "it does not come back"
        time.sleep(0.5)
