"""What the sandbox needs on this machine, and its installation."""

import os
import platform
import shutil
import sys
from pathlib import Path

from sandbox.checkout import SandboxError, lock
from sandbox.commands import run, succeeds

# Command or file -> Debian and Ubuntu package (Debian 12 and 13, Ubuntu 22.04 and 24.04).
_NEEDS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "tc": "iproute2",
    "iptables": "iptables",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
    "mount": "mount",
    "apt-ftparchive": "apt-utils",
    "dpkg-deb": "dpkg",
    "gpg": "gpg",
    "gpg-agent": "gpg-agent",
    "gcc": "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    "rpmbuild": "rpm",
    "createrepo_c": "createrepo-c",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
_BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""What tests look at pages with (Debian's packages; Ubuntu's are snaps)."""
_WAIT = ("-o", "DPkg::Lock::Timeout=600")
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"arm64": "aarch64"}
_EMULATION = ("qemu-user-static", "binfmt-support", "arch-test")
"""Packages; mmdebstrap asks arch-test whether this machine runs another architecture's programs."""


def missing() -> list[str]:
    """The packages that the sandbox needs and this machine lacks."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return sorted(
        {
            package
            for need, package in _NEEDS.items()
            if not (Path(need).exists() if need[0] == "/" else shutil.which(need, path=path))
        }
    )


def check() -> None:
    """Raise `SandboxError`, naming what to do, if this machine cannot run hosts as it is."""
    if not sys.platform.startswith("linux"):
        raise SandboxError("The sandbox runs on Linux: its hosts are containers of its kernel.")
    if os.geteuid() != 0:
        raise SandboxError("The sandbox needs root, for namespaces and mounts. Try again as root.")
    if lacking := missing():
        raise SandboxError(
            f"The sandbox needs {', '.join(lacking)}. `python -m sandbox prepare` installs that "
            "on Debian and Ubuntu."
        )


def browser() -> list[str]:
    """Install a browser that programs can steer, where it is missing; give the packages.

    Raises:
        SandboxError: if the archive of this machine has none.
    """
    lacking = [package for need, package in _BROWSER.items() if not shutil.which(need)]
    if lacking:
        install(*lacking)
    return lacking


def check_browser() -> None:
    """Raise `SandboxError`, naming what to do, if there is no browser for tests."""
    if lacking := [package for need, package in _BROWSER.items() if not shutil.which(need)]:
        raise SandboxError(
            f"Tests in a browser need {', '.join(lacking)}. `python -m sandbox prepare --browser` "
            "installs that on Debian."
        )


def install(*packages: str) -> None:
    """Install packages on this machine; another apt that runs is waited for, up to ten minutes.

    Raises:
        SandboxError: if apt refuses.

    """
    apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *_WAIT)
    with lock("apt"):
        run(*apt, "update")
        run(*apt, "install", "-y", "--no-install-recommends", *packages)


def emulates(arch: str) -> bool:
    """Whether this machine runs programs of `arch` (``arm64``) as it is."""
    if _native(arch):
        return True
    entry = _BINFMT / f"qemu-{_QEMU[arch]}"
    return entry.is_file() and entry.read_text().startswith("enabled")


def check_emulation(arch: str) -> None:
    """Raise `SandboxError`, naming what to do, if there can be no hosts of `arch` here."""
    if lacking := _emulation_lacks(arch):
        raise SandboxError(
            f"Hosts of {arch} need {', '.join(lacking)}. `python -m sandbox prepare --arm64` "
            "installs that on Debian and Ubuntu."
        )
    if not emulates(arch):
        raise SandboxError(
            f"Hosts of {arch} need user-mode emulation, and it is off: `python -m sandbox prepare "
            "--arm64` switches it on, where the kernel has binfmt_misc and may be told."
        )


def emulate(arch: str) -> None:
    """Let this machine run programs of `arch`, until it is switched off.

    Raises:
        SandboxError: if the kernel has no binfmt_misc or may not be told.
    """
    if lacking := _emulation_lacks(arch):
        install(*lacking)
    if emulates(arch):
        return
    if not (_BINFMT / "register").exists():
        run("mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT))
    run("update-binfmts", "--enable", f"qemu-{_QEMU[arch]}")
    check_emulation(arch)


def _native(arch: str) -> bool:
    return platform.machine() == _QEMU[arch]


def _emulation_lacks(arch: str) -> list[str]:
    """Packages that are missing for programs of `arch` to be run."""
    return [] if _native(arch) else [name for name in _EMULATION if not _installed(name)]


def _installed(package: str) -> bool:
    return succeeds(["dpkg", "--status", package])


def keyring_for(suite: str, folder: Path = Path("/usr/share/keyrings")) -> None:
    """See to it that this machine can verify Debian's `suite`.

    A release knows the keys of the next one from some point update on, so an older keyring is
    brought up to date from the archive, which the present one verifies.

    Raises:
        SandboxError: if the newest keyring of this machine's archive does not know `suite`.
    """
    wanted = f"debian-archive-{suite}-*"
    if any(folder.glob(wanted)):
        return
    install("debian-archive-keyring")
    if not any(folder.glob(wanted)):
        raise SandboxError(
            f"The newest debian-archive-keyring of this machine holds no key of Debian {suite}, "
            "so its packages cannot be verified. Take another --os, or a newer machine."
        )


def prepare() -> list[str]:
    """Install what is missing with apt-get; give the packages that were installed.

    Raises:
        SandboxError: if this is not root on a machine with apt-get, or the installation fails.

    """
    lacking = missing()
    if lacking:
        if not shutil.which("apt-get"):
            raise SandboxError(
                f"The sandbox needs {', '.join(lacking)}, and installs them itself on Debian and "
                "Ubuntu only. Install what holds these here, then try again."
            )
        if os.geteuid() != 0:
            raise SandboxError(f"As root: apt-get install {' '.join(lacking)}")
        install(*lacking)
    check()
    return lacking
