"""A double of Ubuntu's archive, as far as it differs from Debian's here: kernels and drivers."""

import dataclasses
import os
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import CACHE, lock, read_record, write_record
from sandbox.doubles import apt_index, kernels
from sandbox.doubles.deb import Deb, File, build
from sandbox.doubles.recipe import recipe
from sandbox.doubles.signing import Signer
from sandbox.doubles.ubuntu_drivers import drivers
from sandbox.mirror.doubles import DOUBLES

_DATA = Path(__file__).with_name("ubuntu.yaml")
ADDRESS = "http://ubuntu.example/ubuntu"
"""Where hosts find it, through the mirror, which is their proxy."""


@dataclass(frozen=True)
class Ubuntu:
    """One release of Ubuntu as the sandbox presents it."""

    os: str
    """``ubuntu-22.04``."""
    suite: str
    name: str
    version: str
    sources: str
    """``one-line`` or ``deb822``: the form that its own installer writes."""
    kernels: dict[str, list[str]]
    """Flavour to kernel releases, oldest first."""
    compilers: dict[str, str] = field(default_factory=dict)
    """Compiler to the one of Debian's that stands in for it."""

    @property
    def folder(self) -> Path:
        """What is served as Ubuntu's archive."""
        return DOUBLES / "ubuntu" / "repos" / "ubuntu"

    def os_release(self) -> str:
        """Its /etc/os-release."""
        number = self.os.removeprefix("ubuntu-")
        return (
            f'PRETTY_NAME="Ubuntu {self.version}"\nNAME="Ubuntu"\nVERSION_ID="{number}"\n'
            f'VERSION="{self.version} ({self.name})"\nVERSION_CODENAME={self.suite}\nID=ubuntu\n'
            f"ID_LIKE=debian\nUBUNTU_CODENAME={self.suite}\n"
        )

    def lsb_release(self) -> str:
        """Its /etc/lsb-release."""
        number = self.os.removeprefix("ubuntu-")
        return (
            f"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={number}\nDISTRIB_CODENAME={self.suite}\n"
            f'DISTRIB_DESCRIPTION="Ubuntu {self.version}"\n'
        )

    def source_file(self, keyring: str) -> tuple[str, str]:
        """Path and text of apt's source for the archive."""
        components = "main restricted universe multiverse"
        suites = f"{self.suite} {self.suite}-updates"
        if self.sources == "one-line":
            lines = (f"deb {ADDRESS} {suite} {components}\n" for suite in suites.split())
            return "/etc/apt/sources.list", "".join(lines)
        text = (
            f"Types: deb\nURIs: {ADDRESS}\nSuites: {suites}\nComponents: {components}\n"
            f"Signed-By: {keyring}\n"
        )
        return "/etc/apt/sources.list.d/ubuntu.sources", text

    def publish(self, debian_headers: Path, latest: bool = False) -> None:
        """Publish this release's suites; `latest` brings the newest kernels into ``-updates``.

        Args:
            debian_headers: A .deb file of Debian's headers (`kernels.debian_headers`).
            latest: A host that is up then meets a kernel that is newer than its own.

        """
        with lock("double-ubuntu"):
            wanted = {"latest": latest, "key": key(), "data": dataclasses.asdict(self)}
            wanted["recipe"] = recipe()
            record = DOUBLES / "ubuntu" / f"{self.suite}.json"
            if read_record(record) == wanted and (self.folder / "dists" / self.suite).is_dir():
                return
            first = {flavour: found[:1] for flavour, found in self.kernels.items()}
            newer = {
                flavour: found[-1:] if latest else [] for flavour, found in self.kernels.items()
            }
            self._suite(self.suite, self._packages(first, debian_headers))
            self._suite(f"{self.suite}-updates", self._packages(newer, debian_headers))
            write_record(record, wanted)

    def _packages(self, chosen: dict[str, list[str]], debian: Path) -> dict[str, list[Deb]]:
        """Component to packages: kernels are in main, drivers in restricted."""
        found: list[Deb] = []
        for flavour, releases in chosen.items():
            for release in releases:
                # 5.15.0-160-generic: ABI 160, and the packages' version is 5.15.0-160.170.
                base, abi = release.removesuffix(f"-{flavour}").rsplit("-", 1)
                version = f"{base}-{abi}.{int(abi) + 10}"
                found.append(kernels.image(release, version))
                found.append(kernels.headers(release, version, debian))
                meta = f"{base}.{abi}.{int(abi) + 10}"
                for part in ("image", "headers"):
                    needs = {"Depends": f"linux-{part}-{release}"}
                    found.append(Deb(f"linux-{part}-{flavour}", meta, fields=needs))
                both = [f"linux-{part}-{flavour} (= {meta})" for part in ("image", "headers")]
                needs = {"Depends": ", ".join(both)}
                found.append(Deb(f"linux-{flavour}", meta, fields=needs))
        if found:
            for name, theirs in self.compilers.items():
                link = {f"/usr/bin/{name}": File(link=theirs)}
                found.append(Deb(name, "9.4.0-1", fields={"Depends": theirs}, files=link))
        restricted = drivers(self.os, _data()["drivers"], chosen) if found else []
        return {"main": found, "restricted": restricted, "universe": [], "multiverse": []}

    def _suite(self, suite: str, packages: dict[str, list[Deb]]) -> None:
        pool = self.folder / "pool" / suite
        part = pool.with_name(f".{suite}.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        for component, inside in packages.items():
            apt_index.link(build(inside), part / component)
        shutil.rmtree(pool, ignore_errors=True)
        part.rename(pool)
        dist = self.folder / "dists" / suite
        shutil.rmtree(dist, ignore_errors=True)
        for component in packages:
            index = f"dists/{suite}/{component}/binary-amd64"
            apt_index.write_packages(self.folder, f"pool/{suite}/{component}", index)
        apt_index.write_release(
            dist,
            {
                "Origin": "Ubuntu",
                "Label": "Ubuntu",
                "Suite": suite,
                "Codename": self.suite,
                "Version": self.os.removeprefix("ubuntu-"),
                "Components": " ".join(packages),
                "Architectures": "amd64",
                "Description": "stand-in of gpuwright's sandbox",
            },
        )
        apt_index.sign(dist, signer(), key())


def releases() -> tuple[str, ...]:
    """The releases that hosts can present, like ``ubuntu-22.04``."""
    return tuple(_data()["releases"])


def ubuntu(os_name: str) -> Ubuntu:
    """The release called `os_name`, which is one of `releases`."""
    return Ubuntu(os_name, **_data()["releases"][os_name])


def signer() -> Signer:
    """The archive's key ring. It outlives `clean`, because cached root images trust its key."""
    return Signer(CACHE / "ubuntu-key")


def key() -> str:
    """Fingerprint of the archive's key, made at the first call."""
    with lock("ubuntu-key"):
        found = signer().fingerprints() if signer().home.is_dir() else []
        return found[0] if found else signer().make("Ubuntu archive stand-in")


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data
