"""A double of NVIDIA's dnf repositories, and what can be done to it while hosts use it.

It lies and is served beside the apt ones (`sandbox.doubles.nvidia`); its packages stand in
`nvidia-dnf.yaml`.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import STATE, SandboxError, lock, read_record, write_record
from sandbox.doubles import dnf_index, rpm_payloads
from sandbox.doubles.payloads import Values
from sandbox.doubles.rpm import Rpm, build
from sandbox.doubles.signing import Signer

DOUBLES = STATE / "doubles"
_DATA = Path(__file__).with_name("nvidia-dnf.yaml")
_EPOCH = 3


@dataclass(frozen=True)
class DnfDouble:
    """NVIDIA's repository for one release of the Red Hat family."""

    distribution: str
    """``rhel8`` or ``rhel9``."""
    name: str = "nvidia"
    """Doubles of different names share nothing, keys included."""

    @property
    def folder(self) -> Path:
        """What is served: a link to the newest publication."""
        return DOUBLES / self.name / "repos" / self.distribution / "x86_64"

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the key that it publishes."""
        if not self._record.exists():
            self.reset()
        return str(self._state()["published"])

    def host_data(self, mirror_url: str) -> dict[str, Any]:
        """Host data by which a host takes this double for NVIDIA's repository."""
        return {
            "mirrors": {"nvidia": f"{mirror_url}/doubles/{self.name}/repos/"},
            "fingerprints": {"nvidia": [self.fingerprint]},
        }

    def reset(self) -> "DnfDouble":
        """Publish what NVIDIA's repository has at first, signed by a key that lasts."""
        if self.distribution not in _data()["distributions"]:
            raise SandboxError(
                f"No double of NVIDIA's repository {self.distribution!r}; of the Red Hat family "
                f"there are {', '.join(_data()['distributions'])}."
            )
        with self._lock():
            keys = self._signer.fingerprints() if self._signer.home.is_dir() else []
            key = keys[0] if keys else self._signer.make("cudatools stand-in")
            state = {
                "key": key,
                "published": key,
                "expired": False,
                "releases": _data()["releases"],
            }
            if read_record(self._record) != state or not self.folder.is_dir():
                self._publish(state)
        return self

    def publish(self, *versions: str) -> None:
        """Publish further driver releases: a newer one, or a new branch."""
        self._change(lambda state: state["releases"].extend(versions))

    def withdraw(self, *versions: str) -> None:
        """Drop driver releases from the index."""

        def without(state: dict[str, Any]) -> None:
            state["releases"] = [v for v in state["releases"] if v not in versions]

        self._change(without)

    def rotate_key(self) -> str:
        """Sign everything with a new key and publish only that one; gives its fingerprint."""
        return self._new_key("cudatools stand-in, rotated")

    def expire_key(self) -> str:
        """Sign with a key that ended yesterday, and publish it; gives its fingerprint."""
        return self._new_key("cudatools stand-in, expired", expired=True)

    def sign_with_stranger(self) -> None:
        """Sign with a key that is not the published one."""
        self._change(lambda state: state.update(key=self._signer.make("a stranger")))

    def corrupt(self, pattern: str) -> list[str]:
        """Change the bytes of every served file whose name matches; gives the names.

        `reset`, or any other change, publishes whole files again.
        """
        with self._lock():
            spoiled = []
            for file in sorted(self.folder.glob(pattern)):
                body = bytearray(file.read_bytes())
                body[len(body) // 2] ^= 0xFF
                file.write_bytes(body)
                spoiled.append(file.name)
            write_record(self._record, {**self._state(), "spoiled": True})
        return spoiled

    def _new_key(self, name: str, expired: bool = False) -> str:
        key = self._signer.make(name, expired)
        self._change(lambda state: state.update(key=key, published=key, expired=expired))
        return key

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        if not self._record.exists():
            self.reset()
        with self._lock():
            state = self._state()
            state.pop("spoiled", None)
            change(state)
            self._publish(state)

    def _publish(self, state: dict[str, Any]) -> None:
        top = DOUBLES / self.name / "published" / self.distribution
        top.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(entry.name) for entry in top.iterdir()), default=0)
        new = top / str(number)
        drivers = {version: driver(self.distribution, version) for version in state["releases"]}
        packages = {p.nevra: p for made in drivers.values() for p, _ in made}
        files = build([*packages.values(), *others()])
        dnf_index.write(new, files, self._signer, state["key"], streams(drivers), state["expired"])
        (new / _data()["key"]).write_text(self._signer.public(state["published"]))
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        part = self.folder.with_name(f".{self.folder.name}.{os.getpid()}")
        part.symlink_to(new)
        part.replace(self.folder)
        write_record(self._record, state)
        # The one before stays for hosts that are reading it.
        for entry in list(top.iterdir()):
            if int(entry.name) < number - 1:
                shutil.rmtree(entry)

    @property
    def _signer(self) -> Signer:
        return Signer(DOUBLES / self.name / "gpg" / self.distribution)

    @property
    def _record(self) -> Path:
        return DOUBLES / self.name / f"{self.distribution}.json"

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = read_record(self._record)
        return state

    def _lock(self) -> Any:
        return lock(f"double-{self.name}-{self.distribution}")


def driver(distribution: str, version: str) -> list[tuple[Rpm, str]]:
    """Every package of one driver release, each with the flavour whose streams alone have it."""
    branch = int(version.split(".")[0])
    disttag = "el" + distribution.removeprefix("rhel")
    words = {"b": str(branch), "v": version, "e": f"{_EPOCH}:{version}-1.{disttag}"}
    found = []
    for row in _data()["drivers"]:
        if not int(row.get("from", 0)) <= branch <= int(row.get("until", 9999)):
            continue
        flavour = row.get("flavour", "")
        values = Values(row["name"], version, str(branch), flavour or "proprietary")
        kind = row.get("payload", "")
        tags = {
            tag: tuple(entry.format(**words) for entry in row.get(tag.lower(), ()))
            for tag in ("Requires", "Provides", "Conflicts")
        }
        package = Rpm(
            row["name"],
            version,
            row.get("release", f"1.{disttag}"),
            row.get("epoch", _EPOCH),
            row.get("arch", "x86_64"),
            tags,
            rpm_payloads.files(kind, values),
            rpm_payloads.scripts(kind, values),
        )
        found.append((package, flavour))
    return found


def others() -> list[Rpm]:
    """CUDA, cuDNN, NCCL: what belongs to no module."""
    found = []
    for name, full, kind, requires in _data()["others"]:
        version, release = full.split("-", 1)
        values = Values(name, version)
        found.append(
            Rpm(
                name,
                version,
                release,
                tags={"Requires": tuple(requires)},
                files=rpm_payloads.files(kind, values),
                scripts=rpm_payloads.scripts(kind, values),
            )
        )
    return found


def streams(drivers: Mapping[str, list[tuple[Rpm, str]]]) -> str:
    """Module metadata: per branch and for the newest, a stream of each flavour.

    ``580`` and ``latest`` stand for NVIDIA's precompiled modules; here they have none.
    """
    newest = max(drivers, key=lambda version: [int(part) for part in version.split(".")])
    branches = sorted({version.split(".")[0] for version in drivers})
    names = {"": "latest", "proprietary": "latest-dkms", "open": "open-dkms"}
    suffixes = {"": "", "proprietary": "-dkms", "open": "-open"}
    documents = []
    for flavour, suffix in suffixes.items():
        for branch in branches:
            mine = [v for v in drivers if v.split(".")[0] == branch]
            documents.append(_stream(branch + suffix, flavour, mine, drivers))
        mine = [v for v in drivers if v.split(".")[0] == newest.split(".")[0]]
        documents.append(_stream(names[flavour], flavour, mine, drivers))
    return yaml.safe_dump_all(documents, explicit_start=True, explicit_end=True, sort_keys=False)


def _stream(
    stream: str,
    flavour: str,
    versions: list[str],
    drivers: Mapping[str, list[tuple[Rpm, str]]],
) -> dict[str, Any]:
    rpms = [p for v in versions for p, only in drivers[v] if only in ("", flavour)]
    data = {
        "name": "nvidia-driver",
        "stream": stream,
        "version": 20261121000000,
        "context": "sandbox",
        "arch": "x86_64",
        "summary": "stand-in for NVIDIA's driver, made by gpuwright's sandbox",
        "description": "Simulated.",
        "license": {"module": ["none"]},
        "dependencies": [{"buildrequires": {"platform": []}, "requires": {"platform": []}}],
        "profiles": {"default": {"rpms": sorted({p.name for p in rpms})}},
        "artifacts": {"rpms": sorted(p.nevra for p in rpms)},
    }
    return {"document": "modulemd", "version": 2, "data": data}


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data
