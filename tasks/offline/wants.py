"""What one host takes from a bundle: packages, wheels, tarballs. Pure.

Who collects a bundle and who installs from one both ask here, so they mean the same files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from facts.model.host import HostState
from stacks.model.plan import Download, DriverPlan, Plan
from tasks.driver import package_set
from tasks.driver import state as driver_state
from tasks.offline.index import PACKAGES
from tasks.offline.manifest import Entry, Manifest
from tasks.packages.apt import FETCH_TOOLS, named
from tasks.python import lock_parts

WHEELS, TARBALLS, APT = "wheels", "tarballs", "apt"
"""Folders of a bundle."""
LINKS = f"{WHEELS}/links.html"
"""A page of all wheels, which uv reads from an address; in a folder it looks for itself."""
KEY = f"{APT}/key.asc"
"""The key that signed the repositories."""
SIGNED = "InRelease"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]+)")


@dataclass(frozen=True)
class Wants:
    """What one host needs of a bundle for its plan, whatever it has already."""

    release: str
    """``debian-12 x86_64``."""
    asks: tuple[tuple[str, ...], ...]
    """Packages, ``name`` or ``name=version``, by the transaction that installs them."""
    offered: tuple[str, ...]
    """Packages that are taken where the archive has them: headers of each kernel."""
    pins: tuple[tuple[str, str], ...]
    """Patterns of names, each with the one version that may come."""
    locks: Mapping[str, str]
    """Name of a lock to its text."""
    tarballs: tuple[Download, ...]

    @property
    def index(self) -> str:
        """Folder of its repository in a bundle."""
        return index_of(self.release)


def release_of(plan: Plan) -> str:
    """How a manifest names the release that a plan is for."""
    return f"{plan.os} {plan.arch}"


def index_of(release: str) -> str:
    """Folder of a release's repository in a bundle: ``apt/debian-12-x86_64``."""
    return f"{APT}/{release.replace(' ', '-')}"


def of_plan(state: HostState, plan: Plan, lock: str) -> Wants:
    """All that a host with apt needs for its plan.

    Args:
        state: What the probe saw: its kernels.
        plan: What should be.
        lock: The text of the plan's lock; empty where it has no PyTorch.
    """
    asks = [FETCH_TOOLS]
    offered: tuple[str, ...] = ()
    locks: dict[str, str] = {}
    tarballs: list[Download] = []
    if plan.driver:
        asks += [plan.driver.pinning, _driver(plan.driver)]
        kernels = driver_state.kernels_to_serve(state, plan.driver)
        if plan.driver.modules == "dkms":
            offered = tuple(f"linux-headers-{kernel}" for kernel in kernels)
        if state.shim:
            asks.append(("mokutil",))
    if plan.torch:
        asks.append(plan.torch.python_packages)
        locks[f"{plan.os}/{plan.torch.lock}"] = lock
    if plan.cuda:
        cuda = _named(plan.cuda.packages, plan.cuda.versions)
        asks.append((*cuda, *plan.cuda.compiler_packages))
        tarballs += plan.cuda.downloads
    if plan.cudnn:
        asks.append(_named(plan.cudnn.packages, plan.cudnn.versions))
        if plan.cudnn.download:
            tarballs.append(plan.cudnn.download)
        if plan.cudnn.wheel:
            locks[f"{plan.os}/cudnn-{plan.cudnn.version}"] = plan.cudnn.wheel + "\n"
    return Wants(
        release_of(plan),
        tuple(ask for ask in asks if ask),
        offered,
        package_set.plan_pins(plan),
        locks,
        tuple(tarballs),
    )


def _driver(driver: DriverPlan) -> tuple[str, ...]:
    names = (*driver.headers, *driver.kernels.packages)
    return (*_named(driver.packages, driver.versions), *names)


def _named(packages: tuple[str, ...], versions: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(named(name, versions[name]) if name in versions else name for name in packages)


def lock_digest(text: str) -> str:
    """SHA-256 (64 hex digits) of what a lock pins, whatever its comments say."""
    return hashlib.sha256("".join(lock_parts.entries(text).values()).encode()).hexdigest()


def hashes(requirement: str) -> frozenset[str]:
    """The SHA-256 of every file that a lock allows for one package."""
    return frozenset(_HASH.findall(requirement))


def lacking_wheels(text: str, name: str, known: Manifest) -> list[str]:
    """Packages of a lock of which the manifest has no wheel: ``torch==2.9.1``."""
    wheels = known.of(name, f"{WHEELS}/").values()
    there = {entry.sha256 for entry in wheels}
    return [
        f"{package}=={lock_parts.versions(lines)[package]}"
        for package, lines in lock_parts.entries(text).items()
        if not hashes(lines) & there
    ]


def tarball_file(sha256: str) -> str:
    """A tarball's path in a bundle; whoever unpacks it finds it by its digest."""
    return f"{TARBALLS}/{sha256}.tar.xz"


def files(wants: Wants, known: Manifest) -> dict[str, Entry]:
    """All files of a bundle that this host may read, by path."""
    found = known.of(wants.release)
    for name in wants.locks:
        found |= known.of(name, f"{WHEELS}/")
    index_files = (f"{wants.index}/{name}" for name in (PACKAGES, SIGNED))
    names = [LINKS, KEY, *index_files, *(tarball_file(one.sha256) for one in wants.tarballs)]
    return found | {path: known.files[path] for path in names if path in known.files}
