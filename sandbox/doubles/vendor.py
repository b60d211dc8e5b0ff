"""What doubles of NVIDIA's repositories have in common: keys, and what can be done to them in use.

A double lies below `.sandbox/doubles/NAME/repos/` in NVIDIA's layout and is served by the mirror.
Each change is published at once and whole: a host sees the repository before it or after it.
"""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import Self

from sandbox.checkout import lock, read_record, write_record
from sandbox.doubles.recipe import recipe
from sandbox.doubles.signing import Signer
from sandbox.mirror.doubles import DOUBLES


@dataclass(frozen=True)
class VendorDouble(ABC):
    """NVIDIA's repository for one distribution, as a double has it."""

    distribution: str
    """Its folder, such as ``ubuntu2204`` or ``rhel9``."""
    name: str = "nvidia"
    """Doubles of different names share nothing, keys included."""

    @abstractmethod
    def _first(self) -> list[dict[str, str]]:
        """The driver releases that it has at first, each with its ``version``.

        Raises:
            SandboxError: if there is no double of this distribution.

        """

    @abstractmethod
    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        """Write packages, signed index and public key of this state into an empty folder."""

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
        """Fingerprint of the key that it publishes."""
        if not self._record.exists():
            self.reset()
        return str(self._state()["published"])

    def host_data(self, mirror_url: str) -> dict[str, Any]:
        """Host data by which a host takes this double for NVIDIA's repository."""
        return {
            "mirrors": {"nvidia": f"{mirror_url}{self.path}"},
            "fingerprints": {"nvidia": [self.fingerprint]},
        }

    def reset(self) -> Self:
        """Publish what NVIDIA's repository has at first, signed by a key that lasts."""
        releases = self._first()
        with self._lock():
            keys = self._signer.fingerprints() if self._signer.home.is_dir() else []
            key = keys[0] if keys else self._signer.make("cudatools stand-in")
            state = {"key": key, "published": key, "expired": False, "releases": releases}
            state["recipe"] = recipe()
            if read_record(self._record) != state or not self.folder.is_dir():
                self._publish(state)
        return self

    def publish(self, *versions: str, **more: str) -> None:
        """Publish further driver releases (``580.200.01``): a newer one, or a new branch.

        ``more`` are fields that releases of this double have beside their version.
        """
        new = [{"version": version, **more} for version in versions]
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
                file.unlink()  # It may be a link into the cache.
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
        self._write(new, state)
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
