"""Drivers of Ubuntu's own archive: libraries, and modules that are built and signed by Ubuntu.

A prebuilt module here has the real one's place and tells what it is (`modinfo`). It has no code and
no signature: no kernel loads it, and none is asked to.
"""

from collections.abc import Mapping, Sequence

from sandbox.doubles.deb import Deb, File
from sandbox.doubles.payloads.kinds import payload
from sandbox.doubles.payloads.payload import Values

_LICENCES = {"": "NVIDIA", "-open": "Dual MIT/GPL"}


def drivers(
    os_name: str, rows: Sequence[Mapping[str, str]], kernels: Mapping[str, Sequence[str]]
) -> list[Deb]:
    """Packages of each driver, with modules for each kernel release of each flavour."""
    found: list[Deb] = []
    for row in rows:
        version, name = row["version"], row["name"]
        found += _libraries(os_name, version, name)
        for licence in _LICENCES:
            for flavour, releases in kernels.items():
                found += _modules(version, f"{name}{licence}", licence, flavour, releases)
    return found


def _modules(
    version: str, name: str, licence: str, flavour: str, releases: Sequence[str]
) -> list[Deb]:
    found = []
    common = name.removesuffix("-open")
    for release in releases:
        folder = f"/lib/modules/{release}/kernel/nvidia-{name.replace('-server', 'srv')}"
        found.append(
            Deb(
                f"linux-modules-nvidia-{name}-{release}",
                _kernel_version(release),
                fields={
                    "Depends": f"linux-image-{release}, nvidia-kernel-common-{common} "
                    f"(>= {version})"
                },
                files={
                    f"{folder}/{module}.ko": _module(module, version, _LICENCES[licence], release)
                    for module in ("nvidia", "nvidia-uvm")
                },
                scripts={
                    "postinst": f"#!/bin/sh\nset -e\ndepmod {release}\n",
                    "postrm": f"#!/bin/sh\nset -e\n[ ! -d {folder} ] && "
                    f"[ -d /lib/modules/{release} ] && depmod {release} || :\n",
                },
            )
        )
    if releases:
        needs = f"linux-modules-nvidia-{name}-{releases[-1]}"
        found.append(
            Deb(
                f"linux-modules-nvidia-{name}-{flavour}",
                _kernel_version(releases[-1]),
                fields={"Depends": needs},
            )
        )
    return found


def _kernel_version(release: str) -> str:
    base, abi, _ = release.split("-", 2)
    return f"{base}-{abi}.{int(abi) + 10}"


def _module(name: str, version: str, licence: str, release: str) -> File:
    """An object file with the section that modinfo reads."""
    told = {
        "license": licence,
        "version": version,
        "description": "stand-in of gpuwright's sandbox, without code",
        "name": name.replace("-", "_"),
        "vermagic": f"{release} SMP mod_unload modversions ",
    }
    lines = [
        f'static const char info_{key}[] __attribute__((section(".modinfo"), used)) = '
        f'"{key}={value}";'
        for key, value in told.items()
    ]
    return File("\n".join(lines) + "\n", compiled=("-c", "-O1", "-fno-pic"))


def _libraries(os_name: str, version: str, name: str) -> list[Deb]:
    full = f"{version}-0ubuntu0.{os_name.removeprefix('ubuntu-')}.1"
    branch = name.split("-")[0]

    def deb(package: str, kind: str = "", depends: str = "", only: str = "") -> Deb:
        fields = {"Depends": depends} if depends else {}
        if only:
            fields |= {"Conflicts": only, "Replaces": only, "Provides": only}
        flavour = "open" if package.endswith("-open") else "proprietary"
        inside = payload(kind, Values(package, version, branch, flavour))
        return Deb(package, full, "amd64", fields, inside.files, inside.scripts, inside.conffiles)

    same = f"(= {full})"
    found = [
        deb(f"libnvidia-compute-{name}", "compute", "libc6", "libnvidia-compute"),
        deb(f"libnvidia-cfg1-{name}", only="libnvidia-cfg1-any"),
        deb(f"nvidia-utils-{name}", "utils", f"libnvidia-compute-{name}", "nvidia-utils"),
        deb(
            f"nvidia-compute-utils-{name}",
            "persistenced",
            f"libnvidia-compute-{name}, adduser",
            "nvidia-persistenced",
        ),
        deb(f"nvidia-firmware-{name}-{version}", "firmware"),
        deb(f"nvidia-fabricmanager-{branch}", "fabricmanager", only="nvidia-fabricmanager"),
        deb(
            f"nvidia-kernel-common-{name}",
            "kernel-common",
            f"kmod, nvidia-firmware-{name}-{version} {same}",
            "nvidia-kernel-common",
        ),
    ]
    for flavour in ("", "-open"):
        source = f"nvidia-kernel-source-{name}{flavour}"
        found += [
            deb(source, "kernel-source", only="nvidia-kernel-source"),
            deb(
                f"nvidia-dkms-{name}{flavour}",
                "dkms",
                f"dkms, {source} {same}, nvidia-kernel-common-{name} {same}",
                "nvidia-dkms-kernel",
            ),
            deb(
                f"nvidia-headless-no-dkms-{name}{flavour}",
                depends=f"{source} {same}, libnvidia-compute-{name} {same}, "
                f"nvidia-compute-utils-{name} {same}, libnvidia-cfg1-{name} {same}",
            ),
            deb(
                f"nvidia-headless-{name}{flavour}",
                depends=f"nvidia-headless-no-dkms-{name}{flavour}, nvidia-dkms-{name}{flavour}",
            ),
        ]
    return found
