"""Doubles for Jetsons: JetPack's own packages and their repository, and NVIDIA's one for Tegra."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import lock
from sandbox.doubles import apt_index
from sandbox.doubles.deb import Deb, File, build
from sandbox.doubles.nvidia import AptDouble
from sandbox.mirror.doubles import DOUBLES

_DATA = Path(__file__).with_name("jetson.yaml")
FIRMWARE = "/usr/share/gpuwright-sandbox/firmware"
"""Where a root keeps what its host sees as /sys/firmware: the device tree of its board."""
_NVCC = "#!/bin/sh\necho 'Cuda compilation tools, release 11.8, V11.8.89'\n"


@dataclass(frozen=True)
class JetPack:
    """One JetPack as the sandbox presents it."""

    os: str
    """``jetpack-6``."""
    row: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """What is served as the repository of Jetson Linux and of the archive beneath it."""
        return DOUBLES / "jetson" / "repos" / self.os

    @property
    def address(self) -> str:
        """Where hosts find that, through the mirror, which is their proxy."""
        return f"http://jetson.example/{self.os}"

    def files(self) -> dict[str, str]:
        """What no package has: who the host says it is, and its device tree."""
        row = self.row
        major, revision = row["l4t"].split(".", 1)
        number, codename = row["ubuntu"], row["codename"]
        return {
            "/etc/os-release": (
                f'PRETTY_NAME="Ubuntu {number} (gpuwright sandbox)"\nNAME="Ubuntu"\n'
                f'VERSION_ID="{number}"\nVERSION_CODENAME={codename}\nID=ubuntu\nID_LIKE=debian\n'
            ),
            "/etc/apt/sources.list": "",
            "/etc/apt/sources.list.d/nvidia-l4t-apt-source.list": (
                f"deb [trusted=yes] {self.address} ./\n"
            ),
            "/etc/nv_tegra_release": (
                f"# R{major} (release), REVISION: {revision}, GCID: 0, BOARD: generic, "
                "EABI: aarch64, DATE: simulated\n"
            ),
            "/etc/ld.so.conf.d/nvidia-tegra.conf": "/usr/lib/aarch64-linux-gnu/tegra\n",
            f"{FIRMWARE}/devicetree/base/model": f"{row['model']}\0",
            f"{FIRMWARE}/devicetree/base/compatible": f"nvidia,simulated\0nvidia,{row['soc']}\0",
        }

    def installed(self) -> list[Deb]:
        """The packages that a flashed board has."""
        row = self.row
        version = f"{row['l4t']}-{row['stamp']}"
        cuda, cudnn = row["cuda"], row["cudnn"]
        tools = {
            "/usr/sbin/nvpmodel": File(f"#!/bin/sh\necho 'NV Power Mode: {row['power']}'\n", 0o755)
        }
        python = row["python"]
        interpreter = {f"/usr/bin/python{python}": File(_python(python), 0o755)}
        return [
            *(Deb(name, version, "arm64") for name in _data()["common"]),
            Deb("nvidia-l4t-nvpmodel", version, "arm64", files=tools),
            Deb("nvidia-jetpack", row["jetpack"], "arm64"),
            Deb(cuda["package"], cuda["package_version"], "arm64", files=_cuda(cuda)),
            Deb(cudnn["package"], cudnn["version"], "arm64", files=_cudnn(cudnn["header"])),
            Deb(f"python{python}", f"{python}.0-1sandbox", "arm64", files=interpreter),
            *(Deb(name, f"{python}.0-0sandbox", "arm64") for name in ("python3", "python3-dev")),
            *(Deb(name, v, "arm64") for name, v in row.get("compilers", {}).items()),
        ]

    def publish(self, newer: bool = False) -> None:
        """Publish what a board's repositories have; `newer` brings the next Jetson Linux."""
        packages = self.installed()
        packages += [Deb(n, v, "arm64") for n, v in self.row.get("archive", {}).items()]
        if newer:
            names = [*_data()["common"], "nvidia-l4t-nvpmodel"]
            packages += [Deb(name, self.row["newer"], "arm64") for name in names]
            packages.append(Deb("nvidia-jetpack", "9.9-b1", "arm64"))
        with lock(f"double-{self.os}"):
            part = self.folder.with_name(f".{self.os}.{os.getpid()}")
            apt_index.link(build(packages), part)
            apt_index.write_packages(part, ".", ".")
            apt_index.write_release(part, {"Origin": "NVIDIA", "Label": "Jetson stand-in"})
            shutil.rmtree(self.folder, ignore_errors=True)
            part.rename(self.folder)


@dataclass(frozen=True)
class TegraDouble(AptDouble):
    """NVIDIA's repository for Jetsons: ``REPOS/<distribution>/arm64``."""

    name: str = "tegra"

    @property
    def folder(self) -> Path:
        """What is served: a link to the newest publication."""
        return super().folder.with_name("arm64")

    def _packages(self, state: dict[str, Any]) -> list[Deb]:
        return [
            Deb(
                row["name"],
                row["version"],
                "arm64",
                fields={"Depends": row["depends"]} if "depends" in row else {},
                files=_PAYLOADS.get(row.get("payload", ""), {}),
            )
            for row in _data()["tegra"][self.distribution]
        ]


def jetpacks() -> tuple[str, ...]:
    """The JetPacks that hosts can present, like ``jetpack-6``."""
    return tuple(_data()["jetpacks"])


def jetpack(os_name: str) -> JetPack:
    """The JetPack called `os_name`, which is one of `jetpacks`."""
    return JetPack(os_name, _data()["jetpacks"][os_name])


def _python(version: str) -> str:
    """Debian's Python under the name that this release has: it tells the release's own version."""
    return (
        f'#!/bin/sh\n[ "$1" != -V ] || {{ echo "Python {version}.0"; exit; }}\n'
        'exec /usr/bin/python3 "$@"\n'
    )


def _cuda(cuda: Mapping[str, str]) -> dict[str, File]:
    text = f'{{"cuda": {{"name": "CUDA SDK", "version": "{cuda["version"]}"}}}}\n'
    root = f"/usr/local/cuda-{cuda['folder']}"
    return {f"{root}/version.json": File(text), f"{root}/include/cuda.h": File("/* stub */\n")}


def _cudnn(version: str) -> dict[str, File]:
    names = ("MAJOR", "MINOR", "PATCHLEVEL")
    lines = zip(names, version.split("."), strict=True)
    header = "".join(f"#define CUDNN_{name} {number}\n" for name, number in lines)
    return {"/usr/include/cudnn_version.h": File(header)}


_PAYLOADS: dict[str, dict[str, File]] = {
    "nvcc": {
        "/usr/local/cuda-11.8/bin/nvcc": File(_NVCC, 0o755),
        "/usr/local/cuda-11.8/include/cuda.h": File("/* stub */\n"),
    },
    "cudss": {"/usr/lib/aarch64-linux-gnu/libcudss/12/libcudss.so.0": File("stub\n")},
}


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data
