"""A double of Docker's own apt repository for Debian 13, with real programs in it.

What differs between Docker and Debian is there: names, relations, paths, units, signature. The
programs are Debian's, repacked from a host on which its packages are installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import SandboxError
from sandbox.commands import run
from sandbox.doubles import apt_index
from sandbox.doubles.deb import Deb, File, build
from sandbox.doubles.maintainer import scripts
from sandbox.doubles.vendor import VendorDouble
from sandbox.mirror.doubles import DOUBLES

_DATA = Path(__file__).with_name("docker.yaml")
_PAYLOADS = Path(__file__).with_name("payloads")


@dataclass(frozen=True)
class DockerDouble(VendorDouble):
    """``https://download.docker.com/linux``, for Debian 13 and x86_64.

    Raises:
        SandboxError: from `reset` and `publish`, if a program is not in `rootfs`.

    """

    distribution: str = "debian"
    name: str = "docker"
    rootfs: Path = field(default=Path("/"))
    """File system of a host of Debian 13 with its packages of Docker."""

    @property
    def folder(self) -> Path:
        """What is served: a link to the newest publication."""
        return DOUBLES / self.name / "repos" / self.distribution

    @property
    def version(self) -> str:
        """Docker's version, as host data name it: ``26.1.5``."""
        return _upstream(self._theirs("docker.io", "Version"))

    def host_data(self, mirror_url: str) -> dict[str, Any]:
        """Host data by which a host takes this double for Docker's repository."""
        return {
            "mirrors": {"docker": f"{mirror_url}{self.path}"},
            "fingerprints": {"docker": [self.fingerprint]},
        }

    def _first(self) -> list[dict[str, str]]:
        return [{"version": self.version}]

    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        data = _data()
        suite, component = data["suite"], data["component"]
        packages = {
            deb.filename: deb
            for release in state["releases"]
            for name, row in data["packages"].items()
            for deb in [self._package(name, row, release["version"])]
        }
        pool = f"dists/{suite}/pool/{component}/amd64"
        apt_index.link(build(packages.values()), folder / pool)
        apt_index.write_packages(folder, pool, f"dists/{suite}/{component}/binary-amd64")
        dist = folder / "dists" / suite
        apt_index.write_release(dist, data["release"])
        apt_index.sign(dist, self._signer, state["key"], state["expired"])
        (folder / "gpg").write_text(self._signer.public(state["published"]))

    def _package(self, name: str, row: Mapping[str, Any], release: str) -> Deb:
        debian = self._theirs(row["of"], "Version")
        # Docker's version goes with its two packages; the others have one of their own.
        version = release if "epoch" in row else _upstream(debian)
        files = {
            path: File(source=str(self._program(source)), digest=f"{row['of']} {debian} {source}")
            for path, source in row["programs"].items()
        }
        for unit in row.get("units", ()):
            files[f"/lib/systemd/system/{unit}"] = File((_PAYLOADS / unit).read_text())
        for path, text in row.get("settings", {}).items():
            files[path] = File(text)
        libraries = [
            word for word in self._theirs(row["of"], "Depends").split(", ") if word[:3] == "lib"
        ]
        fields = dict(row["fields"])
        if needs := ", ".join(filter(None, [fields.get("Depends"), *libraries])):
            fields["Depends"] = needs
        fields["Description"] = (
            f"stand-in for {name}, made by gpuwright's sandbox\n The programs are those of "
            f"Debian's {row['of']} {debian}."
        )
        return Deb(
            name,
            f"{row.get('epoch', '')}{version}{_data()['suffix']}",
            "amd64",
            fields,
            files,
            scripts(row.get("units", ()), row.get("postinst", ":")),
            tuple(row.get("settings", ())),
        )

    def _program(self, path: str) -> Path:
        found = self.rootfs / path.lstrip("/")
        if not found.is_file():
            raise SandboxError(f"{self.rootfs} has no {path}: Debian's packages are not there.")
        return found

    def _theirs(self, package: str, what: str) -> str:
        """A field of Debian's package in `rootfs`."""
        told = run(
            *("dpkg-query", f"--admindir={self.rootfs}/var/lib/dpkg"),
            *("--show", f"--showformat=${{{what}}}", package),
        )
        return told.strip()


def _upstream(version: str) -> str:
    """``26.1.5`` of ``26.1.5+dfsg1-9``."""
    return version.split(":")[-1].split("-")[0].split("+")[0].split("~")[0]


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data
