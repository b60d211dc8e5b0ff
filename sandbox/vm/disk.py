"""A bootable disk out of a folder, without a loop device and without being mounted.

For a BIOS: a master boot record with GRUB's boot sector, GRUB's core in the gap behind it, one ext4
partition from 1 MiB on. It is what `grub-install` leaves on a BIOS machine (GRUB manual, "BIOS
installation"), so the guest's own `update-grub`, `grub-reboot` and `grub-set-default` work on it.

For Secure Boot: a GPT, an EFI system partition with Debian's signed shim and GRUB at the path that
firmware looks at by itself (UEFI specification, 3.5.1.1), then the ext4 partition.
"""

import os
import struct
from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.commands import run

DISK_MIB = 12 * 1024
"""Size as the guest sees it; unused blocks take no room."""

GRUB_FOLDER = "boot/grub/i386-pc"
"""Where the tree has `boot.img` and `core.img`, as `grub-install` puts them."""

_SECTOR = 512
_START = 2048
_EFI_SECTORS = 32768
_SIGNED = {
    "usr/lib/shim/shimx64.efi.signed": "BOOT/BOOTX64.EFI",
    "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed": "BOOT/grubx64.efi",
    # MokManager, which shim starts where a key waits for its enrolment.
    "usr/lib/shim/mmx64.efi.signed": "BOOT/mmx64.efi",
}
# GRUB 2.06 of Debian 12 reads none of the features that newer mke2fs add by themselves.
_FEATURES = (
    "none,has_journal,extent,huge_file,flex_bg,64bit,dir_nlink,extra_isize,metadata_csum,"
    "sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr"
)


def make(tree: Path, uuid: str, disk: Path, words: tuple[str, ...] = ()) -> None:
    """Write the raw image `disk`; its file system has `uuid` and holds what is in `tree`.

    `words` go before the command that fills it.

    Raises:
        SandboxError: if mke2fs fails, or GRUB's core does not fit before the partition.

    """
    part = _with_root(tree, uuid, disk, words, _START, DISK_MIB << 11)
    grub = tree / GRUB_FOLDER
    core = (grub / "core.img").read_bytes()
    if len(core) > (_START - 1) * _SECTOR:
        raise SandboxError(f"GRUB's core is too long for the gap: {len(core)} bytes.")
    with part.open("r+b") as file:
        file.write(boot_record((grub / "boot.img").read_bytes(), DISK_MIB << 11))
        file.write(core)
    part.rename(disk)


def make_efi(tree: Path, uuid: str, disk: Path, words: tuple[str, ...] = ()) -> None:
    """Write the raw image `disk` for a machine with UEFI; otherwise as `make`.

    Raises:
        SandboxError: if one of the tools fails, or the tree has no signed shim and GRUB.

    """
    root, end = _START + _EFI_SECTORS, (DISK_MIB << 11) - _START
    part = _with_root(tree, uuid, disk, words, root, end)
    table = (
        f"label: gpt\nstart={_START}, size={_EFI_SECTORS}, type=uefi\n"
        f"start={root}, size={end - root}, type=linux\n"
    )
    run("sfdisk", "--quiet", "--wipe=never", "--wipe-partitions=never", str(part), stdin=table)
    efi = f"{part}@@{_START * _SECTOR}"
    run("mformat", "-i", efi, "-T", str(_EFI_SECTORS), "-h", "64", "-s", "32", "::")
    run("mmd", "-i", efi, "::/EFI", "::/EFI/BOOT", "::/EFI/debian")
    for source, target in _SIGNED.items():
        run("mcopy", "-i", efi, str(tree / source), f"::/EFI/{target}")
    # Debian's signed GRUB looks there.
    text = (
        f"search.fs_uuid {uuid} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"
    )
    run("mcopy", "-i", efi, "-", "::/EFI/debian/grub.cfg", stdin=text)
    part.rename(disk)


def _with_root(
    tree: Path, uuid: str, disk: Path, words: tuple[str, ...], start: int, end: int
) -> Path:
    """A raw image beside `disk` with an ext4 file system from sector `start` to `end`."""
    part = disk.with_name(f"{disk.name}.part")
    part.unlink(missing_ok=True)
    with part.open("wb") as file:
        file.truncate(DISK_MIB << 20)
    extended = f"offset={start * _SECTOR},lazy_itable_init=1,lazy_journal_init=1"
    run(
        *(*words, "mke2fs", "-q", "-F", "-t", "ext4", "-O", _FEATURES, "-U", uuid, "-E", extended),
        *("-d", str(tree), str(part), f"{(end - start) // 2}k"),
    )
    return part


def boot_record(boot: bytes, sectors: int) -> bytes:
    """The first sector: GRUB's code, and one active Linux partition up to `sectors`.

    GRUB's code is taken as it is: it loads the core from sector 1, and the core's first sector
    says that the rest follows (`grub-core/boot/i386/pc/boot.S` and `diskboot.S` of GRUB 2.06).
    """
    # Cylinders and heads are out of use: 0xfeffff says so (as sfdisk writes them).
    linux = struct.pack(
        "<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", _START, sectors - _START
    )
    return boot[:440] + os.urandom(4) + bytes(2) + linux + bytes(48) + b"\x55\xaa"
