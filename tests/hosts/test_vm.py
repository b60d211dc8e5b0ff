"""Virtual machines of the sandbox, with kernels of their own.

One machine serves all tests, in the order they stand here. Its disk is prepared natively, in a
container: two kernels, and a stand-in for NVIDIA's driver whose module DKMS builds for the newer.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import checkout, hosts, network, prepare, vm
from sandbox.checkout import HOSTS, SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts.test_sandbox import Sandbox

VERSION = "580.178.04"
OLDER = "6.1.0-55-cloud-amd64"
MACHINE = HostSpec("machine", gpus=("h100",), vm=True, disk_of="maker")
PREPARE = f"""
set -eu
export DEBIAN_FRONTEND=noninteractive
echo "deb [trusted=yes] $1debian12/x86_64 /" > /etc/apt/sources.list.d/double.list
apt-get -q update
apt-get -q -y --no-install-recommends install \\
    linux-headers-cloud-amd64 linux-image-{OLDER} dkms gcc make \\
    nvidia-kernel-dkms={VERSION}-1 nvidia-kernel-support={VERSION}-1 firmware-nvidia-gsp={VERSION}-1
apt-get clean
sync
"""


def _lacking() -> str:
    try:
        prepare.check()
        vm.prepare()
        vm.check()
    except SandboxError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def machine() -> Iterator[SandboxHost]:
    if lacking := _lacking():
        pytest.skip(lacking)
    double = AptDouble("debian12").reset()
    maker = hosts.up(HostSpec("maker"), fresh=True)
    base = f"{maker.mirror_url}{double.path}"
    done = maker.run(f"sh -c '{PREPARE}' sh {base} 2>&1")
    assert done.returncode == 0, done.stdout[-3000:]
    maker.kill()
    host = hosts.up(MACHINE, fresh=True)
    maker.down()
    yield host
    host.down()


def said(host: SandboxHost, command: str) -> str:
    done = host.run(command)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def boot_id(host: SandboxHost) -> str:
    return host.run("cat /proc/sys/kernel/random/boot_id").stdout.strip()


def test_machine_comes_up_as_a_healthy_system(machine: SandboxHost) -> None:
    assert said(machine, "systemctl is-system-running --wait") == "running"
    assert said(machine, "systemd-detect-virt --vm") in ("qemu", "kvm")


def test_newest_kernel_boots(machine: SandboxHost) -> None:
    newest = said(machine, "ls /boot | sed -n s/vmlinuz-//p | sort -V | tail -1")
    assert newest != OLDER
    assert said(machine, "uname -r") == newest


def test_gpu_is_seen_on_pci_and_labelled_as_simulated(machine: SandboxHost) -> None:
    assert "10de:2330" in said(machine, "lspci -n")
    assert "simulated" in said(machine, "cat /sys/bus/pci/devices/0000:17:00.0/simulated")


def test_machine_gets_packages_through_the_mirror(machine: SandboxHost) -> None:
    said(machine, "cd /tmp && apt-get -q download hello")


def test_saved_state_comes_back_with_memory_disk_and_time(machine: SandboxHost) -> None:
    before = boot_id(machine)
    machine.snapshot("booted")
    said(machine, "touch /root/later /run/later && sync")
    machine.restore("booted")
    assert machine.run("ls /root/later /run/later").stdout == ""
    assert boot_id(machine) == before
    assert abs(float(said(machine, "date +%s")) - time.time()) < 60


def test_unknown_state_is_refused_with_those_there_are(machine: SandboxHost) -> None:
    with pytest.raises(SandboxError, match="saved are: booted"):
        machine.restore("nowhere")


def test_module_that_dkms_built_loads_and_tells_its_version(machine: SandboxHost) -> None:
    assert machine.run("cat /proc/driver/nvidia/version").returncode != 0
    said(machine, "modprobe nvidia")
    assert VERSION in said(machine, "cat /proc/driver/nvidia/version")
    assert said(machine, "cat /sys/module/nvidia/version") == VERSION


def test_restoring_unloads_the_module(machine: SandboxHost) -> None:
    machine.restore("booted")
    assert machine.run("test -e /sys/module/nvidia").returncode == 1


def test_guest_chooses_the_kernel_of_its_next_boot(machine: SandboxHost) -> None:
    before = boot_id(machine)
    menu = said(machine, "grep -o 'gnulinux-[^ ]*' /boot/grub/grub.cfg")
    (older,) = re.findall(rf"gnulinux-{OLDER}-advanced[^'\n]*", menu)
    (above,) = set(re.findall(r"gnulinux-advanced-[^'\n]*", menu))
    said(machine, f"grub-reboot '{above}>{older}' && sync")
    machine.run("systemctl reboot")
    deadline = time.monotonic() + 300
    while boot_id(machine) in ("", before):
        assert time.monotonic() < deadline, "it does not come back"
        time.sleep(0.5)
    assert said(machine, "uname -r") == OLDER
    assert machine.run("modprobe nvidia").returncode != 0


def test_power_cut_keeps_what_was_synced_and_the_choice_was_for_once(machine: SandboxHost) -> None:
    said(machine, "echo kept > /root/file && sync")
    before = boot_id(machine)
    machine.kill()
    assert not machine.running()
    machine.boot()
    assert said(machine, "cat /root/file") == "kept"
    assert boot_id(machine) != before
    assert said(machine, "uname -r") != OLDER


def test_start_that_was_killed_leaves_nothing_after_clean(
    machine: SandboxHost, tmp_path: Path
) -> None:
    del machine  # It is there so that what this machine can do is known already.
    (tmp_path / "roots").symlink_to(checkout.ROOTS)
    if (tried := checkout.STATE / "kvm.json").exists():
        shutil.copy(tried, tmp_path)
    box = Sandbox(tmp_path)
    before = box.traces()
    process = box.start("up", "half", "--vm", "--gpu", "h100:8")
    deadline = time.monotonic() + 300
    while not (tmp_path / "hosts/half/console.log").exists() and process.poll() is None:
        assert time.monotonic() < deadline, "it does not start"
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert (tmp_path / "hosts/half/disk/disk.qcow2").exists()
    done = box.command("clean")
    assert done.returncode == 0, done.stderr
    after = box.traces()
    assert set(after.pop("folders")) <= {*before.pop("folders"), "locks"} - {"kvm.json"}
    assert after == before


def test_machine_that_is_down_leaves_no_process(machine: SandboxHost) -> None:
    machine.down()
    assert not (HOSTS / machine.name).exists()
    seen = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    ours = [line for line in seen.splitlines() if network.namespace(machine.name) in line]
    assert ours == []
