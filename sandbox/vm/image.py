"""Disk images of virtual machines, made natively: root folder in, bootable disk out.

The guest gets Debian's own GRUB, installed by its own apt and configured by its own
`update-grub`, so what boots next is the guest's choice as on any server.
"""

import hashlib
import json
import shutil
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from sandbox.checkout import ROOTS, SandboxError, lock
from sandbox.commands import run
from sandbox.local import mounts
from sandbox.local.processes import marked, marked_words
from sandbox.roots import build
from sandbox.vm import disk as vm_disk

_GUEST = Path(__file__).with_name("guest")
SYSTEMS = ("debian-12", "debian-13")
"""Distributions whose root has a kernel that boots; the others' kernels are stand-ins."""

# $1 is the root, $2 the path of the script that runs in it, $3 and $4 what that is told.
_INSIDE = r"""
set -eu
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
for name in null zero full random urandom tty; do
    mknod -m 666 "$1/dev/$name" c $(stat -c '0x%t 0x%T' "/dev/$name")
done
ln -s /proc/self/fd "$1/dev/fd"
exec chroot "$1" sh "$2" "$3" "$4"
"""


def image(os_name: str, proxy: str | None, secure_boot: bool = False) -> Path:
    """The shared disk image of `os_name`, made now if it is not there.

    Raises:
        SandboxError: if `os_name` cannot boot, or the image cannot be made.

    """
    check_system(os_name)
    base = build.root(os_name, proxy)
    target = ROOTS / f"vm-{os_name}-{digest(base, secure_boot)}.raw"
    with lock(f"vm-{os_name}", ROOTS):
        if not target.is_file():
            print(f"sandbox: making {target.name}, once, half a minute", file=sys.stderr)
            from_tree(base, target, proxy, f"image:{os_name}", secure_boot)
    return target


def digest(base: Path, *more: str | bool) -> str:
    """What tells disks apart: their root image, what is put into each, and what else is said."""
    guest = [file.read_text() for file in sorted(_GUEST.iterdir())]
    parts = [base.name, vm_disk.DISK_MIB, *more, *guest]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]


def check_system(os_name: str) -> None:
    """Raise `SandboxError` if a virtual machine of `os_name` could not boot."""
    if os_name not in SYSTEMS:
        raise SandboxError(
            f"A virtual machine cannot be {os_name}: its kernel is a stand-in that does not boot. "
            f"Take --os {' or '.join(SYSTEMS)}, or leave --vm out."
        )


def from_tree(
    tree: Path,
    disk: Path,
    proxy: str | None,
    mark: str,
    secure_boot: bool = False,
    fit: Callable[[Path], None] = lambda copy: None,
) -> None:
    """Make the bootable `disk` out of a copy of `tree`; its processes carry the mark `mark`.

    `fit` may change the copy before it is packed.

    Raises:
        SandboxError: if apt refuses in there; the message has what it said.

    """
    for process in list(marked(mark)):
        # Of a run that was killed: they go on alone, and for nothing.
        process.kill()
    copy = disk.with_name(f"{disk.name}.tree.part")
    mounts.remove(copy)
    copy.parent.mkdir(parents=True, exist_ok=True)
    words = marked_words(mark)
    run(*words, "cp", "-a", "--reflink=auto", "--one-file-system", str(tree), str(copy))
    setting = copy / "etc/apt/apt.conf.d/90sandbox"
    if proxy:
        setting.write_text(f'Acquire::http::Proxy "{proxy}";\n')
    for name, place in _PLACES.items():
        target = copy / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_GUEST / name, target)
        target.chmod(0o755 if "bin/" in place else 0o644)
    known = str(uuid.uuid4())
    run(
        # Its mounts and processes end with namespaces of their own, whatever kills it.
        *words,
        *("unshare", "--mount", "--propagation", "private"),
        *("--pid", "--fork", "--kill-child", "sh", "-c", _INSIDE, "sh", str(copy)),
        *(f"/{_PLACES['prepare.sh']}", known, "efi" if secure_boot else "bios"),
    )
    setting.unlink(missing_ok=True)
    fit(copy)
    (vm_disk.make_efi if secure_boot else vm_disk.make)(copy, known, disk, words)
    mounts.remove(copy)


_PLACES = {
    "prepare.sh": "usr/local/share/gpuwright-sandbox-prepare",
    "boot.sh": "usr/local/sbin/gpuwright-sandbox",
    "boot.service": "etc/systemd/system/gpuwright-sandbox.service",
    "grub.cfg": "etc/default/grub.d/gpuwright-sandbox.cfg",
    "grub-probe.sh": "usr/local/share/gpuwright-sandbox-grub-probe",
}
