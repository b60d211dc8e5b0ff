"""Root images that present as Ubuntu: Debian's root, with Ubuntu's names and kernel.

Programs and libraries are Debian's, from Debian's archive, whose sources stay in a file of their
own; before it stands the double of Ubuntu's archive, which has the kernels.
"""

import shutil
from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.commands import run
from sandbox.doubles import kernels
from sandbox.doubles.ubuntu import Ubuntu, key, signer

_BASE_SOURCES = "/etc/apt/sources.list.d/sandbox-base.list"
_KEYRING = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
# Runs in the root: Debian's kernel goes, Ubuntu's comes, as its installer would put it.
_SCRIPT = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -y purge 'linux-image-*'
apt-get -q -y --no-install-recommends install linux-image-generic
apt-get clean
rm -rf /var/lib/apt/lists/*
"""
# $1 is the root, $2 the script.
_INSIDE = r"""
set -eu
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
for name in null zero full random urandom tty; do
    mknod -m 666 "$1/dev/$name" c $(stat -c '0x%t 0x%T' "/dev/$name")
done
ln -s /proc/self/fd "$1/dev/fd"
exec chroot "$1" sh -c "$2"
"""


def digest_parts(release: Ubuntu) -> list[object]:
    """What a root of this release depends on, beside its base."""
    return [release.os_release(), release.kernels, _SCRIPT, key()]


def make(release: Ubuntu, base: Path, part: Path, proxy: str | None) -> None:
    """Make the root in the folder `part`, out of the Debian root `base`.

    Raises:
        SandboxError: if apt refuses in there; the message has the end of what it said.

    """
    if proxy is None:
        raise SandboxError("An Ubuntu root needs the mirror: it serves Ubuntu's archive.")
    release.publish(kernels.debian_headers(base, proxy))
    run("cp", "-a", "--reflink=auto", str(base), str(part))
    etc = part / "etc"
    for name, text in (
        ("os-release", release.os_release()),
        ("lsb-release", release.lsb_release()),
    ):
        (etc / name).unlink(missing_ok=True)
        (etc / name).write_text(text)
    (part / _BASE_SOURCES.lstrip("/")).write_text(
        "# Debian's archive: what this root is made of beneath Ubuntu's names.\n"
        + (etc / "apt/sources.list").read_text()
    )
    (etc / "apt/sources.list").unlink()
    # apt reads a keyring by its name: armoured ones end in .asc.
    signed = f"{_KEYRING.removesuffix('.gpg')}.asc"
    keyring = part / signed.lstrip("/")
    keyring.write_text(signer().public(key()))
    path, text = release.source_file(signed)
    if release.sources == "one-line":
        shutil.copy(keyring, etc / "apt/trusted.gpg.d/ubuntu-keyring-2018-archive.asc")
    (part / path.lstrip("/")).write_text(text)
    proxy_file = etc / "apt/apt.conf.d/90sandbox"
    proxy_file.write_text(f'Acquire::http::Proxy "{proxy}";\n')
    run(
        # Its mounts and processes end with namespaces of their own, whatever kills it.
        *("unshare", "--mount", "--propagation", "private"),
        *("--pid", "--fork", "--kill-child", "sh", "-c", _INSIDE, "sh", str(part), _SCRIPT),
    )
    proxy_file.unlink()
    (etc / "machine-id").write_text("")
