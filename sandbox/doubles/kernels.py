"""Kernels with Ubuntu's names: an image that is a stub, and headers that modules are built with.

The headers are Debian's, renamed: the folder of one flavour is repackaged with another release in
it, and leans on Debian's own packages for the rest. So DKMS builds for real, and the module says
that it is for the renamed kernel.
"""

import hashlib
import re
import shutil
from pathlib import Path

from sandbox.checkout import CACHE, SandboxError, lock
from sandbox.commands import run
from sandbox.doubles.deb import Deb, File

_KEPT = CACHE / "debian-headers"

_POSTINST = """\
#!/bin/sh
# Simulated by gpuwright's sandbox, with the hooks that a real kernel image runs.
set -e
[ "$1" = configure ] || exit 0
depmod {release}
export DEB_MAINT_PARAMS="$*"
run-parts --report --exit-on-error --arg={release} --arg=/boot/vmlinuz-{release} \
/etc/kernel/postinst.d
"""
_POSTRM = """\
#!/bin/sh
# Simulated by gpuwright's sandbox.
set -e
[ "$1" = remove ] || [ "$1" = purge ] || exit 0
export DEB_MAINT_PARAMS="$*"
[ ! -d /etc/kernel/postrm.d ] || run-parts --report --exit-on-error --arg={release} \
--arg=/boot/vmlinuz-{release} /etc/kernel/postrm.d
rm -rf /lib/modules/{release}
"""
_HEADERS_POSTINST = """\
#!/bin/sh
# Simulated by gpuwright's sandbox, with the hooks that real headers run.
set -e
[ "$1" = configure ] || exit 0
[ ! -d /etc/kernel/header_postinst.d ] || \
run-parts --report --arg={release} /etc/kernel/header_postinst.d
"""


def debian_headers(root: Path, proxy: str | None) -> Path:
    """Debian's newest flavour headers (``linux-headers-…-amd64``), as a .deb file.

    They come from the archive that `root`, a Debian root image, names in its own sources.

    Raises:
        SandboxError: if they cannot be had.

    """
    with lock("debian-headers", CACHE):
        kept = sorted(_KEPT.glob("linux-headers-*.deb"))
        return kept[-1] if kept else _fetched(root, proxy)


def _fetched(root: Path, proxy: str | None) -> Path:
    work = _KEPT / "work"
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    apt = (
        *("env", f"--chdir={work}", "apt-get", "-q", "-o", f"Dir::Etc={root}/etc/apt"),
        *("-o", f"Dir::Etc::trusted={root}/etc/apt/trusted.gpg"),
        *("-o", f"Dir::Etc::trustedparts={root}/etc/apt/trusted.gpg.d"),
        *("-o", f"Dir::State::lists={work}/lists", "-o", f"Dir::Cache={work}/cache"),
        *("-o", f"Dir::State::status={root}/var/lib/dpkg/status", "-o", "APT::Sandbox::User=root"),
        *("-o", "Acquire::Languages=none", "-o", "APT::Architecture=amd64"),
        *(("-o", f"Acquire::http::Proxy={proxy}") if proxy else ()),
    )
    run(*apt, "update")
    told = run(*apt, "-s", "--no-install-recommends", "install", "linux-headers-cloud-amd64")
    names = re.findall(r"^Inst (linux-headers-[0-9]\S*-cloud-amd64) ", told, re.MULTILINE)
    if len(names) != 1:
        raise SandboxError(f"Debian's headers cannot be told from what apt says:\n{told}")
    run(*apt, "download", names[0])
    (file,) = work.glob("linux-headers-*.deb")
    kept = _KEPT / file.name
    file.replace(kept)
    shutil.rmtree(work)
    return kept


def image(release: str, version: str) -> Deb:
    """``linux-image-RELEASE``: a file in /boot that no machine can boot, and the usual hooks."""
    return Deb(
        f"linux-image-{release}",
        version,
        fields={"Depends": "kmod, initramfs-tools"},
        files={
            f"/boot/vmlinuz-{release}": File("Simulated by gpuwright's sandbox: no kernel.\n"),
            f"/boot/config-{release}": File("# Simulated.\nCONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n"),
            f"/lib/modules/{release}/modules.builtin": File(""),
            f"/lib/modules/{release}/modules.order": File(""),
        },
        scripts={
            "postinst": _POSTINST.format(release=release),
            "postrm": _POSTRM.format(release=release),
        },
    )


def headers(release: str, version: str, debian: Path) -> Deb:
    """``linux-headers-RELEASE``, out of `debian`, a .deb file of Debian's headers."""
    theirs = run("dpkg-deb", "--field", str(debian), "Package").strip()
    folder = f"/usr/src/linux-headers-{release}"
    return Deb(
        f"linux-headers-{release}",
        version,
        fields={"Depends": run("dpkg-deb", "--field", str(debian), "Depends").strip()},
        files={
            folder: File(source=str(renamed(debian, theirs, release)), digest=_digest(debian)),
            f"/lib/modules/{release}/build": File(link=folder),
        },
        scripts={"postinst": _HEADERS_POSTINST.format(release=release)},
    )


def renamed(debian: Path, package: str, release: str) -> Path:
    """The folder of Debian's headers with `release` as the kernel's name in it."""
    target = _KEPT / f"{_digest(debian)}-{release}"
    if target.is_dir():
        return target
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    run("dpkg-deb", "--extract", str(debian), str(part))
    inside = part / "usr/src" / package
    for marker in (inside / "include/config").rglob("*"):
        # One empty file per setting, for make to see changes by: thousands, and nothing changes.
        if marker.is_file() and marker.name != "auto.conf":
            marker.unlink()
    name = package.removeprefix("linux-headers-")
    (inside / "include/config/kernel.release").write_text(f"{release}\n")
    for file in (".kernelvariables", "include/generated/utsrelease.h"):
        path = inside / file
        path.write_text(path.read_text().replace(name, release))
    inside.rename(target)
    shutil.rmtree(part)
    return target


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
