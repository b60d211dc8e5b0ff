"""`make vagrant-demo` for real: Vagrant, libvirt, QEMU, a box of ours, and the main deploy.

The driver comes from the double of NVIDIA's repository, and CUDA and torch are left out: an
emulated processor would unpack them for an hour. apt asks through the sandbox's download cache.
Nothing else is simulated: the machine, its kernel, apt, dpkg, DKMS and ssh are real.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.checkout import SOURCE, SandboxError, lock
from sandbox.commands import run, succeeds
from sandbox.doubles.nvidia import AptDouble
from sandbox.local import network, prepare
from sandbox.mirror import control as mirror
from sandbox.roots import build
from sandbox.vm import machine as vm
from vagrant import box, options

MINE = SOURCE / options.NAME
"""A person's own, which git ignores; it comes before the one beside the Vagrantfile."""


def lacking() -> str:
    """What this machine lacks for Vagrant's machines; empty if nothing."""
    try:
        prepare.check()
        vm.check()
    except SandboxError as error:
        return str(error)
    if not any(Path(folder, "vagrant").is_file() for folder in os.get_exec_path()):
        return "Vagrant is missing: apt-get install vagrant vagrant-libvirt libvirt-daemon-system"
    if not succeeds(["virsh", "--connect", "qemu:///system", "list"]):
        return (
            "libvirt does not answer: systemctl start libvirtd; without systemd: virtlogd -d; "
            "libvirtd -d"
        )
    return f"{MINE} is somebody's own, and this test would write it" if MINE.exists() else ""


pytestmark = pytest.mark.skipif(bool(why := lacking()), reason=why or "Vagrant and libvirt answer")


@dataclass(frozen=True)
class Demo:
    """How the demo ended, what it said, and what Vagrant says afterwards."""

    code: int
    parts: dict[str, str]
    """What was said below each of its headings."""
    after: str


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The download cache, at an address that the machine reaches through this one."""
    with lock("network"):
        network.mirror_address_on()
    yield mirror.start()
    mirror.stop()
    with lock("network"):
        network.mirror_address_off()


@pytest.fixture(scope="module")
def demo(url: str) -> Demo:
    """The demo as a person runs it."""
    assert box.main() == 0
    kernel = sorted(build.box_root(box.OS).glob("boot/vmlinuz-*"))[-1]
    environment = {
        **os.environ,
        "VAGRANT_CWD": "vagrant",
        "GPUWRIGHT_VAGRANT_BOX": box.NAME,
        "GPUWRIGHT_VAGRANT_ACCELERATOR": "kvm" if vm.kvm_works(kernel) else "tcg",
        "GPUWRIGHT_VAGRANT_CPUS": "2",
        "GPUWRIGHT_VAGRANT_MEMORY": "2G",
        "GPUWRIGHT_VAGRANT_DISK": "20G",
        "NO_COLOR": "1",
        "COLUMNS": "160",
    }
    data = {
        **AptDouble("debian12").reset().host_data(url),
        **{"expected_gpus": "h100", "without": ["cuda", "torch"]},
        **{"proxy": url, "no_proxy": [urlsplit(url).hostname]},
    }
    MINE.write_text(json.dumps({"data": {"gpu1": data}}))
    said = []
    try:
        with subprocess.Popen(
            ["make", "vagrant-demo"],
            cwd=SOURCE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(re.sub(r"\x1b\[[\d;]*[A-Za-z]|Progress: \d+%\n?|\r", "", line))
                print(said[-1], end="", flush=True)
    finally:
        MINE.unlink()
    headings = re.split(r"^== (.+)\n", "".join(said), flags=re.MULTILINE)
    parts = dict(zip(headings[1::2], headings[2::2], strict=True))
    after = run("env", f"VAGRANT_CWD={SOURCE / 'vagrant'}", "vagrant", "status", "gpu1")
    return Demo(process.returncode, parts, after)


def test_machine_that_vagrant_brought_up_becomes_a_gpu_host(demo: Demo) -> None:
    assert demo.code == 0
    first = demo.parts["pyinfra @vagrant/gpu1 deploys/gpu_host.py"]
    assert "Machine booted and ready!" in demo.parts["vagrant up gpu1"]
    assert "[@vagrant/gpu1] Success" in first
    assert "proof: none" in first


def test_second_run_changes_nothing(demo: Demo) -> None:
    again = demo.parts["and again"]
    assert "[@vagrant/gpu1] No changes" in again
    assert "] Success" not in again


def test_check_names_the_machine_and_those_that_are_off(demo: Demo) -> None:
    said = demo.parts["vagrant up gpu1"].splitlines()
    assert any(re.fullmatch(r"gpu1: vagrant at [\d.]+ port 22", line) for line in said)
    assert "gpu2: not in a run: gpu2 was never brought up: vagrant up gpu2" in said


def test_nothing_of_it_stays(demo: Demo) -> None:
    assert re.search(r"^gpu1 +not created", demo.after, re.MULTILINE)
