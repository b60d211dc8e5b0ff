"""Virtual machines of the sandbox: what they promise while their kernel runs.

Kernels that change, reboots and power cuts follow in `test_vm_faults`, on the same machine.
"""

import shutil
import time
from pathlib import Path

import pytest

from sandbox import checkout
from sandbox.checkout import SandboxError
from sandbox.faults.driver import VERSION
from sandbox.hosts import SandboxHost
from tests.hosts.machine import boot_id, said
from tests.hosts.test_sandbox import Sandbox


def test_machine_comes_up_as_a_healthy_system(machine: SandboxHost) -> None:
    assert said(machine, "systemctl is-system-running --wait") == "running"
    assert said(machine, "systemd-detect-virt --vm") in ("qemu", "kvm")


def test_gpu_is_seen_on_pci_and_labelled_as_simulated(machine: SandboxHost) -> None:
    assert "10de:2330" in said(machine, "lspci -n")
    assert "simulated" in said(machine, "cat /sys/bus/pci/devices/0000:17:00.0/simulated")


def test_module_that_dkms_built_is_loaded_for_the_gpu_and_tells_its_version(
    machine: SandboxHost,
) -> None:
    assert VERSION in said(machine, "cat /proc/driver/nvidia/version")
    assert said(machine, "cat /sys/module/nvidia/version") == VERSION
    assert said(machine, "nvidia-smi -L").count("Simulated") == len(machine.spec.gpus)


def test_machine_gets_packages_through_the_mirror(machine: SandboxHost) -> None:
    said(machine, "cd /tmp && apt-get -q download libnvidia-nscq")


def test_saved_state_comes_back_with_memory_disk_and_time(machine: SandboxHost) -> None:
    before = boot_id(machine)
    machine.snapshot("booted")
    said(machine, "modprobe -r nvidia_uvm; touch /root/later /run/later && sync")
    machine.restore("booted")
    assert machine.run("ls /root/later /run/later").stdout == ""
    assert machine.run("test -e /sys/module/nvidia_uvm").returncode == 0
    assert boot_id(machine) == before
    assert abs(float(said(machine, "date +%s")) - time.time()) < 60


def test_unknown_state_is_refused_with_those_there_are(machine: SandboxHost) -> None:
    with pytest.raises(SandboxError, match="saved are: booted"):
        machine.restore("nowhere")


def test_start_that_was_killed_leaves_nothing_after_clean(
    machine: SandboxHost, tmp_path: Path
) -> None:
    del machine  # It is there so that what this machine can do is known already.
    (tmp_path / "roots").symlink_to(checkout.ROOTS)
    checkout.CACHE.mkdir(exist_ok=True)
    (tmp_path / "cache").symlink_to(checkout.CACHE)
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
