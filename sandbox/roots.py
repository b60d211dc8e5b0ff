"""Root images, one per distribution, built once by mmdebstrap and shared by all hosts."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox import jetson_roots, ubuntu_roots
from sandbox.checkout import ROOTS, STATE, SandboxError, lock
from sandbox.commands import run
from sandbox.doubles import kernels, rocky
from sandbox.doubles.jetson import jetpack, jetpacks
from sandbox.doubles.ubuntu import ubuntu
from sandbox.local import mounts, prepare
from sandbox.local.processes import marked, marked_environment
from sandbox.local.sources import Archive, date_settings, debian_archive

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
    rows = _recipes().items()
    return [name for name, row in rows if name != "packages" and not row.get("hidden")]


def check_name(os_name: str) -> None:
    """Raise `SandboxError` if the sandbox has no distribution called `os_name`."""
    if os_name not in names():
        raise SandboxError(f"Unknown --os {os_name!r}: the sandbox has {', '.join(names())}.")


def root(os_name: str, proxy: str | None = None) -> Path:
    """The folder of `os_name`'s root image, built now (about a minute) if it is not there.

    `proxy` is the address of an apt proxy for the build.

    Raises:
        SandboxError: if `os_name` is unknown or the build fails.

    """
    check_name(os_name)
    return _root(os_name, proxy)


def image_root(os_name: str, proxy: str | None = None) -> Path:
    """A folder with no more than a container image of Debian has: `os_name`'s essential packages.

    Raises:
        SandboxError: if there is none of `os_name`, or the build fails.

    """
    if (name := f"image-{os_name}") not in _recipes():
        raise SandboxError(f"No base image of {os_name}: there are debian-12 and debian-13.")
    return _root(name, proxy)


def _root(os_name: str, proxy: str | None) -> Path:
    if "base" in _recipes()[os_name]:
        return _derived(os_name, proxy)
    recipe = _recipe(_recipes()[os_name])
    archive = debian_archive()
    digest = hashlib.sha256(json.dumps([recipe, vars(archive)]).encode()).hexdigest()[:10]
    target = ROOTS / f"{os_name}-{digest}"
    if target.is_dir():
        return target
    with lock(f"root-{os_name}"):
        if not target.is_dir():
            _build(target, recipe, archive, proxy)
    return target


def _derived(os_name: str, proxy: str | None) -> Path:
    """The root of a distribution that is presented on another one's root."""
    base = _root(_recipes()[os_name]["base"], proxy)
    if os_name.startswith("rocky-"):
        return _rocky(os_name, base)
    if os_name in jetpacks():
        return _jetson(os_name, base)
    release = ubuntu(os_name)
    parts = json.dumps([base.name, *ubuntu_roots.digest_parts(release)])
    target = ROOTS / f"{os_name}-{hashlib.sha256(parts.encode()).hexdigest()[:10]}"
    with lock(f"root-{os_name}"):
        # A root that is here may have outlived what was published.
        release.publish(kernels.debian_headers(base, proxy))
        if not target.is_dir():
            print(f"sandbox: building {target.name}, once, half a minute", file=sys.stderr)
            part = target.with_name(f"{target.name}.part")
            mounts.remove(part)
            ubuntu_roots.make(release, base, part, proxy)
            part.rename(target)
    return target


def _rocky(os_name: str, base: Path) -> Path:
    digest = hashlib.sha256(f"{base.name} {rocky.digest()}".encode()).hexdigest()[:10]
    target = ROOTS / f"{os_name}-{digest}"
    with lock(f"root-{os_name}"):
        if not target.is_dir():
            print(f"sandbox: building {target.name}, once, some seconds", file=sys.stderr)
            part = target.with_name(f"{target.name}.part")
            mounts.remove(part)
            run("cp", "-a", "--reflink=auto", str(base), str(part))
            rocky.present(part, os_name)
            part.rename(target)
    return target


def _jetson(os_name: str, base: Path) -> Path:
    board = jetpack(os_name)
    target = ROOTS / f"{os_name}-{base.name[-10:]}-{jetson_roots.digest(board)}"
    with lock(f"root-{os_name}"):
        board.publish()
        if not target.is_dir():
            part = target.with_name(f"{target.name}.part")
            mounts.remove(part)
            jetson_roots.make(board, base, part)
            part.rename(target)
    return target


def _recipe(row: dict[str, Any]) -> dict[str, Any]:
    """What a root is made of: all of it counts for its name."""
    if row.get("image"):
        return {**row, "packages": ["ca-certificates"], "script": _IMAGE}
    common = [name for name in _recipes()["packages"] if name not in row.get("without", ())]
    script = _CUSTOMIZE
    if unpacked := row.get("unpack"):
        script = _UNPACK.replace("@PACKAGES@", " ".join(unpacked)) + script
    return {**row, "packages": [*common, *row.get("also", ())], "script": script}


def _recipes() -> dict[str, Any]:
    recipes: dict[str, Any] = yaml.safe_load(_RECIPES.read_text())
    return recipes


def _build(target: Path, recipe: dict[str, Any], archive: Archive, proxy: str | None) -> None:
    mark = f"root:{target.name}"
    for process in list(marked(mark)):
        # The build of a run that was killed: it goes on alone, and for nothing.
        process.kill()
    prepare.keyring_for(recipe["suite"])
    if arch := recipe.get("arch"):
        prepare.check_emulation(arch)
    part = target.with_name(f"{target.name}.part")
    mounts.remove(part)
    ROOTS.mkdir(parents=True, exist_ok=True)
    log = STATE / "logs" / f"{target.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"sandbox: building {target.name}, once, about a minute", file=sys.stderr)
    argv = [
        # Its mounts and processes end with namespaces of their own, whatever kills it.
        *("unshare", "--mount", "--propagation", "private"),
        *("--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--skip=output/dev"),
        f"--include={','.join(recipe['packages'])}",
        f"--components={','.join(recipe['components'])}",
        *([f"--architectures={arch}"] if arch else []),
        *(f"--aptopt={line}" for line in date_settings()),
        *([f'--aptopt=Acquire::http::Proxy "{proxy}"'] if proxy else []),
        f"--customize-hook={recipe['script']}",
        recipe["suite"],
        str(part),
    ]
    # Without an address mmdebstrap takes Debian's own.
    if archive.release:
        argv += source_lines(recipe, archive)
    with log.open("wb") as out:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
            env=marked_environment(mark),
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise SandboxError(f"Building the {target.name} root failed; the end of {log}:\n{tail}")
    if recipe["sources"] == "deb822":
        _to_deb822(part)
    part.rename(target)


def source_lines(recipe: dict[str, Any], archive: Archive) -> list[str]:
    """Apt's one-line sources for a host, as Debian's installer writes them."""
    suite, components = recipe["suite"], " ".join(recipe["components"])
    lines = [
        f"deb {archive.release} {suite} {components}",
        f"deb {archive.release} {suite}-updates {components}",
    ]
    if archive.security:
        lines.append(f"deb {archive.security} {suite}-security {components}")
    return lines


def _to_deb822(tree: Path) -> None:
    """Rewrite the one-line sources as a .sources file, the form that Debian 13 images use."""
    old = tree / "etc/apt/sources.list"
    stanzas: dict[tuple[str, str], list[str]] = {}
    for line in old.read_text().splitlines():
        if line.startswith("deb "):
            _, uri, suite, components = line.split(maxsplit=3)
            stanzas.setdefault((uri, components), []).append(suite)
    text = "\n".join(
        f"Types: deb\nURIs: {uri}\nSuites: {' '.join(suites)}\nComponents: {components}\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        for (uri, components), suites in stanzas.items()
    )
    (tree / "etc/apt/sources.list.d/debian.sources").write_text(text)
    old.unlink()
