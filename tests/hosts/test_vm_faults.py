"""Kernels and faults on a machine with a kernel of its own: real modules, GRUB, reboots.

One machine lives through all of it, in the order of the tests. What one repair fixed is still
there when the next fault is made, so that naming this one alone says that the others are gone; and
each reboot that a test needs shows that all before lasted.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.checkout import HOSTS, SandboxError
from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from sandbox.faults.driver import VERSION
from sandbox.hosts import SandboxHost
from sandbox.local import network
from tests.hosts import machine as machines
from tests.hosts import runner, ward
from tests.hosts.machine import boot_id, reboot, said

Reached = Callable[[Fault, str, str], None]
VM = "vm"
UPGRADE = catalog.get("D1-kernel-upgrade")
INITRAMFS = catalog.get("D16-initramfs-loaded")
GONE = catalog.get("D7-modules-gone")
LIVE = [fault for fault in catalog.on(VM) if fault not in (UPGRADE, INITRAMFS, GONE)]
PROOF = "proof: cuda-call (8 "
GUARD, NEXT_BOOT = "deploys/kernel_guard.py", "/var/lib/gpuwright/next-boot.json"
LOCKED_OUT, SECURE_BOOT = catalog.get("D10-key-not-enrolled"), "secure-boot"
fixed: list[Fault] = []
"""Faults that the machine had since it booted last, and that were repaired."""


@pytest.fixture(scope="module")
def maker() -> Iterator[SandboxHost]:
    yield from machines.maker()


@pytest.fixture(scope="module")
def machine(maker: SandboxHost) -> Iterator[SandboxHost]:
    del maker
    yield from machines.booted(machines.SPEC)


@pytest.fixture(scope="module")
def locked(maker: SandboxHost) -> Iterator[SandboxHost]:
    del maker
    yield from machines.booted(machines.LOCKED)


def repaired(host: SandboxHost, fault: Fault, reached: Reached, folder: Path) -> None:
    """Let one run fix the fault, and prove the driver."""
    run = runner.run(host, folder, deploy=ward.REPAIR, reboot="if-needed")
    assert run.code == 0, run.said
    assert PROOF in run.said, run.said
    reached(fault, VM, "repaired")
    fixed.append(fault)


def left_alone(host: SandboxHost, reached: Reached, folder: Path) -> None:
    """Let the repair run again: all is well, and it does nothing."""
    run = runner.run(host, folder, deploy=ward.REPAIR, reboot="if-needed")
    assert (run.code, run.changes) == (0, []), run.said
    for fault in fixed:
        reached(fault, VM, "second run")


def lasted(reached: Reached) -> None:
    """Write down, after a reboot, that what was fixed before it is still well."""
    for fault in fixed:
        reached(fault, VM, "after reboot")
    fixed.clear()


def kernels(host: SandboxHost) -> list[str]:
    """Kernels that can boot, oldest first."""
    return said(host, "ls /boot | sed -n s/vmlinuz-//p | sort -V").split()


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


def test_doctor_finds_nothing(machine: SandboxHost) -> None:
    ward.healthy(machine)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.id) for fault in LIVE])
def test_fault_of_a_running_kernel_is_named_alone_and_fixed_without_a_reboot(
    machine: SandboxHost, fault: Fault, reached: Reached, tmp_path: Path
) -> None:
    before = boot_id(machine)
    ward.made_and_named(machine, fault)
    reached(fault, VM, "named")
    repaired(machine, fault, reached, tmp_path)
    assert boot_id(machine) == before


def test_second_run_after_all_these_changes_nothing(
    machine: SandboxHost, reached: Reached, tmp_path: Path
) -> None:
    left_alone(machine, reached, tmp_path)


def test_kernel_without_a_module_does_not_boot_where_the_policy_is_follow(
    machine: SandboxHost, tmp_path: Path
) -> None:
    """How the kernel moves as soon as its module is built: `test_guard`."""
    machine.snapshot("unguarded")
    older = said(machine, "uname -r")
    guarded = runner.run(machine, tmp_path, deploy=GUARD, kernel_policy="follow")
    assert guarded.code == 0, guarded.said
    assert runner.run(machine, tmp_path, deploy=GUARD, kernel_policy="follow").changes == []
    catalog.make(machine, UPGRADE)
    newer = kernels(machine)[-1]
    assert newer != older
    runner.until(lambda: newer in machine.run(f"cat {NEXT_BOOT}").stdout, newer, every_s=2)
    told = json.loads(said(machine, f"cat {NEXT_BOOT}"))
    assert (told["kernel"], told["ready"]) == (older, True), told
    reboot(machine)
    assert said(machine, "uname -r") == older
    assert VERSION in said(machine, "cat /proc/driver/nvidia/version")
    machine.restore("unguarded")


def test_new_kernel_without_headers_is_repaired_in_one_run_after_it_came_up_without_a_module(
    machine: SandboxHost, reached: Reached, tmp_path: Path
) -> None:
    words = catalog.seen(machine, UPGRADE)
    catalog.make(machine, UPGRADE)
    ahead = ward.judged(machine)
    assert [f.code for f in ahead.findings] == ["D1"], ahead.findings
    assert ahead.next_boot.ready is False
    reboot(machine)
    newer = kernels(machine)[-1]
    assert said(machine, "uname -r") == newer
    refused = machine.run("modprobe nvidia")
    assert f"Module nvidia not found in directory /lib/modules/{newer}" in refused.stderr
    ward.named(machine, UPGRADE, words)
    lasted(reached)
    reached(UPGRADE, VM, "named")
    repaired(machine, UPGRADE, reached, tmp_path)
    left_alone(machine, reached, tmp_path)


def test_old_module_in_the_initramfs_shows_after_a_power_cut_and_is_fixed(
    machine: SandboxHost, reached: Reached, tmp_path: Path
) -> None:
    words = catalog.seen(machine, INITRAMFS)
    catalog.make(machine, INITRAMFS)
    said(machine, "echo kept > /root/file && sync")
    before = boot_id(machine)
    machine.kill()
    assert not machine.running()
    machine.boot()
    assert boot_id(machine) != before
    assert said(machine, "cat /root/file") == "kept"
    ward.named(machine, INITRAMFS, words)
    lasted(reached)
    reached(INITRAMFS, VM, "named")
    repaired(machine, INITRAMFS, reached, tmp_path)
    left_alone(machine, reached, tmp_path)


def test_guest_chooses_the_kernel_of_its_next_boot(machine: SandboxHost, reached: Reached) -> None:
    older = kernels(machine)[0]
    menu = said(machine, "grep -o 'gnulinux-[^ ]*' /boot/grub/grub.cfg")
    (entry,) = set(re.findall(rf"gnulinux-{older}-advanced[^'\n]*", menu))
    (above,) = set(re.findall(r"gnulinux-advanced-[^'\n]*", menu))
    said(machine, f"grub-reboot '{above}>{entry}'")
    reboot(machine)
    assert said(machine, "uname -r") == older
    ward.healthy(machine)
    lasted(reached)


def test_kernel_whose_modules_went_is_left_for_one_that_is_ready(
    machine: SandboxHost, reached: Reached, tmp_path: Path
) -> None:
    ward.made_and_named(machine, GONE)
    reached(GONE, VM, "named")
    before = boot_id(machine)
    repaired(machine, GONE, reached, tmp_path)
    assert boot_id(machine) != before
    assert said(machine, "uname -r") == kernels(machine)[-1]
    lasted(reached)
    fixed.append(GONE)
    left_alone(machine, reached, tmp_path)


def test_machine_that_is_down_leaves_no_process(machine: SandboxHost) -> None:
    machine.down()
    assert not (HOSTS / machine.name).exists()
    seen = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in seen.splitlines() if network.namespace(machine.name) in line] == []


def test_module_of_a_stranger_is_refused_and_the_key_left_to_a_person(
    locked: SandboxHost, reached: Reached, tmp_path: Path
) -> None:
    assert said(locked, "mokutil --sb-state") == "SecureBoot enabled"
    assert "Key was rejected by service" in locked.run("modprobe nvidia").stderr
    before = boot_id(locked)
    ward.made_and_named(locked, LOCKED_OUT)
    reached(LOCKED_OUT, SECURE_BOOT, "named")
    ward.repaired(locked, LOCKED_OUT, tmp_path, reboot="now")
    reached(LOCKED_OUT, SECURE_BOOT, "repaired")
    ward.left_alone(locked, tmp_path, reboot="now")
    reached(LOCKED_OUT, SECURE_BOOT, "second run")
    assert boot_id(locked) == before
