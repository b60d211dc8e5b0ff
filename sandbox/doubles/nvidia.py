"""A double of NVIDIA's apt repositories, and what can be done to it while hosts use it.

It lies below `.sandbox/doubles/NAME/repos/` in NVIDIA's layout and is served by the mirror. Each
change is published at once and whole: a host sees the repository before it or after it.
"""

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.checkout import lock, read_record, write_record
from sandbox.doubles import apt_index, names
from sandbox.doubles.deb import Deb, build
from sandbox.doubles.names import Release
from sandbox.doubles.signing import Signer
from sandbox.mirror_doubles import DOUBLES


@dataclass(frozen=True)
class AptDouble:
    """NVIDIA's repository for one distribution, as this double has it."""

    distribution: str
    """``ubuntu2204``, ``debian12`` …"""
    name: str = "nvidia"
    """Doubles of different names share nothing, keys included."""

    @property
    def folder(self) -> Path:
        """What is served: a link to the newest publication."""
        return DOUBLES / self.name / "repos" / self.distribution / "x86_64"

    @property
    def path(self) -> str:
        """Where the mirror serves all distributions of this double: the base of NVIDIA's."""
        return f"/doubles/{self.name}/repos/"

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the key that signs now."""
        if not self._record.exists():
            self.reset()
        return str(self._state()["key"])

    def host_data(self, mirror_url: str) -> dict[str, Any]:
        """Host data by which a host takes this double for NVIDIA's repository."""
        return {
            "mirrors": {"nvidia": f"{mirror_url}{self.path}"},
            "fingerprints": {"nvidia": [self.fingerprint]},
        }

    def reset(self) -> "AptDouble":
        """Publish what NVIDIA's repository has at first, signed by a key that lasts."""
        with self._lock():
            signer = self._signer
            keys = signer.fingerprints() if signer.home.is_dir() else []
            key = keys[0] if keys else signer.make("cudatools stand-in")
            fresh = [dataclasses.asdict(release) for release in names.releases()]
            state = {"key": key, "known": [key], "expired": False, "releases": fresh}
            if read_record(self._record) != state or not self.folder.is_dir():
                self._publish(state)
        return self

    def publish(self, *versions: str, revision: str = "1ubuntu1") -> None:
        """Publish further driver releases (``580.200.01``): a newer one, or a new branch."""
        new = [dataclasses.asdict(Release(version, revision)) for version in versions]
        self._change(lambda state: state["releases"].extend(new))

    def withdraw(self, *versions: str) -> None:
        """Drop driver releases from the index."""

        def without(state: dict[str, Any]) -> None:
            state["releases"] = [r for r in state["releases"] if r["version"] not in versions]

        self._change(without)

    def rotate_key(self) -> str:
        """Sign with a new key and publish only that one; gives its fingerprint."""
        return self._new_key("cudatools stand-in, rotated")

    def expire_key(self) -> str:
        """Sign with a key that ended yesterday, and publish it; gives its fingerprint."""
        return self._new_key("cudatools stand-in, expired", expired=True)

    def sign_with_stranger(self) -> None:
        """Sign with a key that is not the published one."""

        def strange(state: dict[str, Any]) -> None:
            state["key"] = self._signer.make("a stranger")

        self._change(strange)

    def corrupt(self, pattern: str) -> list[str]:
        """Change the bytes of every served file whose name matches; gives the names.

        `reset`, or any other change, publishes whole files again.
        """
        with self._lock():
            spoiled = []
            for file in sorted(self.folder.glob(pattern)):
                body = bytearray(file.read_bytes())
                body[len(body) // 2] ^= 0xFF
                file.unlink()  # It may be a link into the cache.
                file.write_bytes(body)
                spoiled.append(file.name)
            state = self._state()
            write_record(self._record, {**state, "spoiled": True})
        return spoiled

    def _new_key(self, name: str, expired: bool = False) -> str:
        key = self._signer.make(name, expired)
        self._change(lambda state: state.update(key=key, known=[key], expired=expired))
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
        apt_index.link(build(self._packages(state)), new)
        apt_index.write_packages(new, ".", ".")
        apt_index.write_release(new, {"Origin": "NVIDIA", "Label": "NVIDIA CUDA"})
        apt_index.sign(new, self._signer, state["key"], state["expired"])
        public = self._signer.public(*state["known"])
        (new / names.key_file(self.distribution)).write_text(public)
        (new / f"cuda-{self.distribution}.pin").write_text(_PIN)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        part = self.folder.with_name(f".{self.folder.name}.{os.getpid()}")
        part.symlink_to(new)
        part.replace(self.folder)
        write_record(self._record, state)
        # The one before stays for hosts that are reading it.
        _forget(entry for entry in top.iterdir() if int(entry.name) < number - 1)

    def _packages(self, state: dict[str, Any]) -> list[Deb]:
        """All that it has in this state."""
        packages = names.others(self.distribution)
        for row in state["releases"]:
            packages += names.driver(self.distribution, Release(**row))
        return packages

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


_PIN = """\
# Simulated by gpuwright's sandbox: NVIDIA's own packages before those of the distribution.
Package: *
Pin: release l=NVIDIA CUDA
Pin-Priority: 600
"""


def _forget(old: Iterable[Path]) -> None:
    for folder in old:
        shutil.rmtree(folder)
