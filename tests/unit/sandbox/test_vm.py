"""Virtual machines: what can be judged without starting one."""

import dataclasses
import json
import os
import struct
import tarfile
from pathlib import Path

import pytest

from sandbox import kernel_vm, machines, vm, vm_disk, vm_image
from sandbox.checkout import SandboxError
from sandbox.spec import HostSpec, differs, from_record


def test_spec_survives_its_record() -> None:
    spec = HostSpec("a", gpus=("h100",), vm=True, memory_mib=2048, secure_boot=True, disk_of="b")
    assert from_record(json.loads(json.dumps(dataclasses.asdict(spec)))) == spec


def test_record_of_before_there_were_machines_is_a_container() -> None:
    assert not from_record({"name": "a", "gpus": []}).vm


def test_container_and_machine_of_one_name_differ() -> None:
    assert "vm is False, asked for True" in differs(HostSpec("a"), HostSpec("a", vm=True))


def test_boot_record_keeps_the_loader_and_has_one_active_partition() -> None:
    loader = bytes(range(256)) * 2
    record = vm_disk.boot_record(loader, 4096 * 5)
    assert len(record) == 512
    assert record[:440] == loader[:440]
    assert record[510:] == b"\x55\xaa"
    status, kind, start, length = struct.unpack("<B3xB3xII", record[446:462])
    assert (status, kind, start, start + length) == (0x80, 0x83, 2048, 4096 * 5)
    assert record[462:510] == bytes(48)


def test_core_that_would_reach_into_the_partition_is_refused(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    grub = tree / vm_disk.GRUB_FOLDER
    grub.mkdir(parents=True)
    (grub / "boot.img").write_bytes(bytes(512))
    (grub / "core.img").write_bytes(bytes(2048 * 512))
    with pytest.raises(SandboxError, match="too long"):
        vm_disk.make(tree, "5b6b1f0a-8b6c-4d0a-9f59-0c8a1fdd7a11", tmp_path / "disk")
    assert not (tmp_path / "disk").exists()


def test_machine_with_a_stand_in_kernel_is_refused_with_those_that_boot() -> None:
    with pytest.raises(SandboxError, match="debian-12 or debian-13"):
        vm_image.check_system("ubuntu-22.04")


def test_only_a_machine_has_a_copied_disk_and_saved_states(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="--vm"):
        machines.check(HostSpec("a", disk_of="b"))
    with pytest.raises(SandboxError, match="container"):
        machines.snapshot(HostSpec("a"), tmp_path, "saved")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other users")
def test_seed_has_keys_and_bus_but_neither_the_guests_folders_nor_its_id(tmp_path: Path) -> None:
    tree = vm.staging(tmp_path)
    (tree / "root/.ssh").mkdir(mode=0o700)
    (tree / "root/.ssh/authorized_keys").write_text("key\n")
    vm.write_seed(tmp_path, tree, ("t4",))
    with tarfile.open(tmp_path / "seed.tar") as archive:
        names = archive.getnames()
    assert {"root/.ssh", "root/.ssh/authorized_keys"} <= set(names)
    assert "run/gpuwright-sandbox/pci/0000:17:00.0/simulated" in names
    assert not {"root", "etc", "etc/machine-id"} & set(names)


def test_container_cannot_boot_securely() -> None:
    with pytest.raises(SandboxError, match="boot securely: add --vm"):
        machines.check(HostSpec("a", secure_boot=True))


def elf(*kinds: int) -> bytes:
    """A 64-bit ELF file of program headers of these types (ELF specification, figure 2-1)."""
    head = b"\x7fELF\x02".ljust(32, b"\0") + struct.pack("<Q", 64)
    head = head.ljust(54, b"\0") + struct.pack("<HH", 56, len(kinds))
    return head.ljust(64, b"\0") + b"".join(struct.pack("<I52x", kind) for kind in kinds)


LOAD, INTERPRETER = 1, 3


@pytest.mark.parametrize(
    ("content", "alone"),
    [
        (elf(LOAD, LOAD), True),
        (elf(LOAD, INTERPRETER), False),
        (b"#!/bin/sh\n", False),
    ],
)
def test_program_that_needs_a_loader_is_not_static(
    tmp_path: Path, content: bytes, alone: bool
) -> None:
    (tmp_path / "busybox").write_bytes(content)
    assert kernel_vm.is_static(tmp_path / "busybox") is alone


def test_kernel_is_not_booted_with_a_busybox_that_needs_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "busybox").write_bytes(elf(LOAD, INTERPRETER))
    monkeypatch.setattr(kernel_vm, "_BUSYBOX", tmp_path / "busybox")
    with pytest.raises(SandboxError, match="apt-get install busybox-static"):
        kernel_vm.after_loading(tmp_path / "vmlinuz", (), ())
