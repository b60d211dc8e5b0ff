"""A double of NVIDIA's apt repository of the container toolkit, with the real programs in it."""

import hashlib
import lzma
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.doubles import apt_index, golang
from sandbox.doubles.deb import Deb, File, build
from sandbox.doubles.maintainer import scripts
from sandbox.doubles.vendor import VendorDouble
from sandbox.mirror.doubles import DOUBLES

_DATA = Path(__file__).with_name("toolkit.yaml")
_PAYLOADS = Path(__file__).with_name("payloads")
_ENV = "/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env"


@dataclass(frozen=True)
class ToolkitDouble(VendorDouble):
    """``https://nvidia.github.io/libnvidia-container``, for x86_64 and Debian's family.

    The first publication builds NVIDIA's programs with Go, which takes a minute or two.

    Raises:
        SandboxError: from `reset` and `publish`, if Go or a released module cannot be had.

    """

    distribution: str = "deb"
    name: str = "toolkit"

    @property
    def folder(self) -> Path:
        """What is served: a link to the newest publication."""
        return DOUBLES / self.name / "repos" / "stable" / "deb" / "amd64"

    def host_data(self, mirror_url: str) -> dict[str, Any]:
        """Host data by which a host takes this double for NVIDIA's repository."""
        return {
            "mirrors": {"toolkit": f"{mirror_url}{self.path}"},
            "fingerprints": {"toolkit": [self.fingerprint]},
        }

    def _first(self) -> list[dict[str, str]]:
        return [{"version": version} for version in _data()["releases"]]

    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        packages = [deb for row in state["releases"] for deb in _packages(row["version"])]
        apt_index.link(build(packages), folder)
        apt_index.write_packages(folder, ".", ".")
        plain = folder / "Packages"
        (folder / "Packages.xz").write_bytes(lzma.compress(plain.read_bytes()))
        (folder / "Packages.gz").unlink()
        apt_index.write_release(folder, _data()["release"])
        apt_index.sign(folder, self._signer, state["key"], state["expired"])
        for absent in ("Release", "Release.gpg"):  # as in NVIDIA's own
            (folder / absent).unlink()
        (folder / "gpgkey").write_text(self._signer.public(state["published"]))
        self._show_key()

    def _show_key(self) -> None:
        """The key lies at the top of the repository, beside ``stable``, and changes with it."""
        place = DOUBLES / self.name / "repos" / "gpgkey"
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.{os.getpid()}")
        part.unlink(missing_ok=True)
        part.symlink_to("stable/deb/amd64/gpgkey")
        part.replace(place)


def _packages(version: str) -> list[Deb]:
    built = _programs(version)
    return [_package(name, row, version, built) for name, row in _data()["packages"].items()]


def _programs(version: str) -> dict[str, Path]:
    """NVIDIA's own programs of this release."""
    module = _data()["module"]
    names = [name for row in _data()["packages"].values() for name in row.get("programs", ())]
    return golang.programs(
        module,
        f"v{version}",
        [f"cmd/{name}" for name in names],
        # As the module's own Makefile links them: NVML is looked for when it is first called.
        f"-s -w -X {module}/internal/info.version={version} "
        "'-extldflags=-Wl,--export-dynamic -Wl,--unresolved-symbols=ignore-in-object-files "
        "-Wl,-z,lazy'",
    )


def _package(name: str, row: dict[str, Any], version: str, built: dict[str, Path]) -> Deb:
    full = f"{version}-{_data()['revision']}"
    files = {f"/usr/bin/{program}": _copy(built[program]) for program in row.get("programs", ())}
    for unit in row.get("units", ()):
        files[f"/lib/systemd/system/{unit}"] = File((_PAYLOADS / unit).read_text())
        files[_ENV] = File("# Environment of `nvidia-ctk cdi generate`, as NAME=VALUE.\n")
    if program := row.get("stand_in"):
        text = (_PAYLOADS / f"{program}.c").read_text()
        files[f"/usr/bin/{program}"] = File(text, compiled=("-O1", f'-DGW_VERSION="{version}"'))
    fields = {"Depends": row["depends"].format(f=full)} if "depends" in row else {}
    conffiles = (_ENV,) if _ENV in files else ()
    told = scripts(row.get("units", ()), row.get("postinst", ":"), row.get("purge", ":"))
    return Deb(name, full, "amd64", fields, files, told, conffiles)


def _copy(path: Path) -> File:
    return File(source=str(path), digest=hashlib.sha256(path.read_bytes()).hexdigest())


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data
