"""What hosts would build again and again: one driver's module, and an initramfs nobody boots.

Half of what most hosts cost is the compilation of one and the same driver. So a host finds a `make`
of ours before Debian's, which keeps what a build made in the sandbox's cache. dpkg knows nothing
of it, and on a copy of the host's disk it does what the other one does.

A container does not boot from its initramfs, which is made again whenever a driver changes. So it
holds no driver of disks and networks, which take most of the time: eight seconds of a processor.
"""

import shutil
from pathlib import Path

from sandbox.checkout import CACHE

MODULES = CACHE / "modules"
"""A folder for each build, named after all that it was made of."""
_MAKE = Path(__file__).with_name("make.sh")
_ON_HOST = "/run/gpuwright-sandbox/modules"
_INITRAMFS = "MODULES=list\nCOMPRESSLEVEL=1\n"
"""initramfs.conf(5): modules that are named and those of hooks, compressed with less effort."""
_MAKE_KEPT = "usr/lib/gpuwright-sandbox/make"
_HOOK = (
    'DPkg::Post-Invoke { "if [ -x /usr/bin/make ]; then ln -sf /usr/lib/gpuwright-sandbox/make '
    '/usr/sbin/make; else rm -f /usr/sbin/make; fi 2>/dev/null || :"; };\n'
)
"""apt.conf(5): ours is there as long as Debian's is. dash finds what cannot be run as well."""


def words() -> list[str]:
    """Further arguments of nspawn for a host that takes what was built before."""
    MODULES.mkdir(parents=True, exist_ok=True)
    return [f"--bind={MODULES}:{_ON_HOST}"]


def write(root: Path) -> None:
    """Put our make, and the settings of its initramfs, into a host's file system.

    /usr/sbin stands before /usr/bin on root's PATH, on that of units, and on apt's for dpkg
    (apt.conf(5), ``DPkg::Path``). A host that has no make has none of ours to run either.
    """
    place, kept = root / "usr/sbin/make", root / _MAKE_KEPT
    kept.parent.mkdir(parents=True, exist_ok=True)
    # A new file: one that runs is not written into.
    part = kept.with_name(".make.part")
    part.write_text(_MAKE.read_text())
    part.chmod(0o755)
    part.replace(kept)
    apt = root / "etc/apt/apt.conf.d"
    if apt.is_dir():
        (apt / "91sandbox-make").write_text(_HOOK)
    place.unlink(missing_ok=True)
    if (root / "usr/bin/make").exists() or not apt.is_dir():
        place.symlink_to(f"/{_MAKE_KEPT}")
    # A virtual machine's disk has this file as well, with the drivers that it needs.
    settings = root / "etc/initramfs-tools/conf.d/gpuwright-sandbox"
    if settings.parent.is_dir() and not settings.exists():
        settings.write_text(_INITRAMFS)


def forget() -> None:
    """Let each module be built anew, once; a build that runs is not disturbed."""
    for entry in MODULES.glob("*"):
        if entry.is_dir() and entry.suffix != ".part":
            shutil.rmtree(entry, ignore_errors=True)
