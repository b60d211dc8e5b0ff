"""A kernel that is booted alone, with an initramfs of our own."""

import struct
from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.vm import trial


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
    assert trial.is_static(tmp_path / "busybox") is alone


def test_kernel_is_not_booted_with_a_busybox_that_needs_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "busybox").write_bytes(elf(LOAD, INTERPRETER))
    monkeypatch.setattr(trial, "_BUSYBOX", tmp_path / "busybox")
    with pytest.raises(SandboxError, match="apt-get install busybox-static"):
        trial.after_loading(tmp_path / "vmlinuz", (), ())
