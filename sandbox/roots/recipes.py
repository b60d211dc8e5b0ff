"""What root images are made of, out of `roots.yaml`."""

from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import SandboxError

_RECIPES = Path(__file__).with_name("roots.yaml")

# Two users beside root: tests need one who may become root and one who may not.
_CUSTOMIZE = r"""
set -eu
for user in admin nosudo; do chroot "$1" useradd --create-home --shell /bin/bash "$user"; done
echo 'admin ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/admin"
chmod 440 "$1/etc/sudoers.d/admin"
rm -f "$1"/etc/ssh/ssh_host_*_key* "$1/etc/hostname" "$1/etc/resolv.conf" \
  "$1/etc/apt/apt.conf.d/99mmdebstrap"
: > "$1/etc/machine-id"
"""

# As the images that Debian's developers publish: no manuals, no lists, no package files.
_IMAGE = r"""
set -eu
rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/* "$1"/var/cache/apt/* \
  "$1"/var/lib/apt/lists/* "$1"/etc/hostname "$1"/etc/resolv.conf \
  "$1"/etc/apt/apt.conf.d/99mmdebstrap
: > "$1/etc/machine-id"
"""

# Packages that are laid aside instead of being installed.
_UNPACK = r"""
set -eu
for package in @PACKAGES@; do
  chroot "$1" sh -euc '
    cd /tmp
    apt-get download "$0"
    mkdir -p /usr/share/gpuwright-sandbox
    dpkg -x "$0"_*.deb /usr/share/gpuwright-sandbox/"$0"
    rm -f "$0"_*.deb' "$package"
done
"""


def names() -> list[str]:
    """The distributions that a host can have."""
    rows = recipes().items()
    return [name for name, row in rows if name != "packages" and not row.get("hidden")]


def check_name(os_name: str) -> None:
    """Raise `SandboxError` if the sandbox has no distribution called `os_name`."""
    if os_name not in names():
        raise SandboxError(f"Unknown --os {os_name!r}: the sandbox has {', '.join(names())}.")


def recipe(row: dict[str, Any]) -> dict[str, Any]:
    """What a root is made of: all of it counts for its name."""
    if row.get("image"):
        return {**row, "packages": ["ca-certificates"], "script": _IMAGE}
    common = [name for name in recipes()["packages"] if name not in row.get("without", ())]
    script = _CUSTOMIZE
    if unpacked := row.get("unpack"):
        script = _UNPACK.replace("@PACKAGES@", " ".join(unpacked)) + script
    return {**row, "packages": [*common, *row.get("also", ())], "script": script}


def recipes() -> dict[str, Any]:
    """All rows of `roots.yaml` by name, with the list of common packages as ``packages``."""
    found: dict[str, Any] = yaml.safe_load(_RECIPES.read_text())
    return found
