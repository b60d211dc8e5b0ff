"""A bootable disk: its first sector, and what has no room on it."""

import struct
from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.vm import disk


def test_boot_record_keeps_the_loader_and_has_one_active_partition() -> None:
    loader = bytes(range(256)) * 2
    record = disk.boot_record(loader, 4096 * 5)
    assert len(record) == 512
    assert record[:440] == loader[:440]
    assert record[510:] == b"\x55\xaa"
    status, kind, start, length = struct.unpack("<B3xB3xII", record[446:462])
    assert (status, kind, start, start + length) == (0x80, 0x83, 2048, 4096 * 5)
    assert record[462:510] == bytes(48)


def test_core_that_would_reach_into_the_partition_is_refused(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    grub = tree / disk.GRUB_FOLDER
    grub.mkdir(parents=True)
    (grub / "boot.img").write_bytes(bytes(512))
    (grub / "core.img").write_bytes(bytes(2048 * 512))
    with pytest.raises(SandboxError, match="too long"):
        disk.make(tree, "5b6b1f0a-8b6c-4d0a-9f59-0c8a1fdd7a11", tmp_path / "disk")
    assert not (tmp_path / "disk").exists()
