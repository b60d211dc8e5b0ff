"""The facts about the world that the resolver stands on, read once from ``catalog/*.yaml``.

Every group of facts carries a `source`, a `date` and a `confidence`. The dataclasses here are the
schema of those files: a wrong key or type is a `SchemaError` with file and line.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

from stacks.catalog import decode
from stacks.catalog.containers import Containers
from stacks.catalog.decode import SchemaError
from stacks.catalog.distributions import Distribution, Distributions, Repositories
from stacks.catalog.driver_sets import DriverSet, DriverSets, completed
from stacks.catalog.hardware import Drivers, Gpus, Jetson
from stacks.catalog.image import ImageFacts
from stacks.catalog.kernels import KernelPackages, KernelPackagesByManager
from stacks.catalog.mirrors import Mirrors
from stacks.catalog.pci import GpuTable, gpu_table
from stacks.catalog.provenance import Confidence
from stacks.catalog.releases import Releases
from stacks.catalog.software import Cuda, Cudnn, Pytorch
from stacks.catalog.support import SupportTable

FOLDER = Path(__file__).parent.parent
T = TypeVar("T")
_LOCK_LINE = re.compile(
    r"\s*(#.*)?"
    r"|([A-Za-z0-9_.-]+==[A-Za-z0-9.+!_-]+( ?;[^\\#@]*)?)?(\s+--hash=sha256:[0-9a-f]{64})*\s*\\?"
)


@dataclass(frozen=True)
class Code:
    """A conflict or notice that the resolver can give."""

    kind: Literal["conflict", "notice"]
    means: str
    source: str
    confidence: Confidence
    rules: tuple[str, ...] = ()
    """Ids of the compatibility dossier's rules that it stands for."""

    @property
    def cite(self) -> str:
        """Source, with the doubt where there is one."""
        sure = self.confidence.startswith("primary")
        return self.source if sure else f"{self.source} ({self.confidence})"


@dataclass(frozen=True)
class Codes:
    """``catalog/codes.yaml``."""

    codes: Mapping[str, Code]
    other_rules: Mapping[str, str]
    """Rules of the compatibility dossier that have no code here, and why."""


@dataclass(frozen=True)
class Lock:
    """A lock file: digest of its text and the versions that it pins."""

    sha256: str
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Catalog:
    """All facts, and the lock files that lie beside them."""

    gpus: Gpus
    drivers: Drivers
    cuda: Cuda
    cudnn: Cudnn
    pytorch: Pytorch
    distributions: Mapping[str, Distribution]
    driver_sets: Mapping[str, DriverSet]
    jetson: Jetson
    releases: Releases
    """What distributions are called."""
    repositories: Repositories
    containers: Containers
    image: ImageFacts
    kernels: Mapping[str, KernelPackages]
    """Packages that move the kernel, by package manager."""
    codes: Mapping[str, Code]
    other_rules: Mapping[str, str]
    support: SupportTable
    locks: Mapping[str, Lock]
    """Lock files by name."""
    known: GpuTable
    """Every GPU that is known: those of ``gpus`` and those of ``pci.tsv``."""
    mirrors: Mirrors
    """Mirrors that are known, and ready sets of them."""


@functools.cache
def load_catalog(folder: Path = FOLDER) -> Catalog:
    """The catalogue in ``folder`` (``catalog/*.yaml`` and ``locks/*.txt``), read once.

    Raises `SchemaError` with file and line.
    """

    def read(name: str, kind: type[T]) -> T:
        return decode.load(folder / "catalog" / name, kind, f"stacks/catalog/{name}")

    gpus, codes = read("gpus.yaml", Gpus), read("codes.yaml", Codes)
    sets = read("driver_sets.yaml", DriverSets).sets
    distributions = read("distributions.yaml", Distributions).distributions
    repositories = read("repositories.yaml", Repositories)
    _check_names(folder, distributions, sets, repositories)
    return Catalog(
        gpus=gpus,
        drivers=read("drivers.yaml", Drivers),
        cuda=read("cuda.yaml", Cuda),
        cudnn=read("cudnn.yaml", Cudnn),
        pytorch=read("pytorch.yaml", Pytorch),
        distributions=completed(distributions, sets),
        driver_sets=sets,
        jetson=read("jetson.yaml", Jetson),
        releases=read("releases.yaml", Releases),
        repositories=repositories,
        containers=read("containers.yaml", Containers),
        image=read("image.yaml", ImageFacts),
        kernels=read("kernels.yaml", KernelPackagesByManager).kernels,
        codes=codes.codes,
        other_rules=codes.other_rules,
        support=read("support.yaml", SupportTable),
        locks=read_locks(folder / "locks"),
        known=gpu_table(gpus, (folder / "catalog/pci.tsv").read_text()),
        mirrors=read("mirrors.yaml", Mirrors),
    )


def _check_names(
    folder: Path,
    distributions: Mapping[str, Distribution],
    sets: Mapping[str, DriverSet],
    repositories: Repositories,
) -> None:
    """What one file names has its row in the other.

    Raises `SchemaError`, at the line that names it.
    """
    for release, dist in distributions.items():
        named = dist.nvidia_repository
        if named is not None and named not in repositories.repositories:
            what = f"{release}: repository {named} has no row in stacks/catalog/repositories.yaml"
            raise _error(folder, "distributions.yaml", f"nvidia_repository: {named}", what)
        for offer in dist.drivers:
            if offer.set and offer.set not in sets:
                what = f"{release}: set {offer.set} has no row in stacks/catalog/driver_sets.yaml"
                raise _error(folder, "distributions.yaml", f"set: {offer.set}", what)
    for name, key in repositories.repositories.items():
        if key not in repositories.keys:
            what = f"{name}: key {key} has no row under `keys`"
            raise _error(folder, "repositories.yaml", f"{name}: {key}", what)


def _error(folder: Path, name: str, words: str, what: str) -> SchemaError:
    text = (folder / "catalog" / name).read_text()
    return SchemaError(f"stacks/catalog/{name}", 1 + text[: text.find(words)].count("\n"), what)


def read_locks(folder: Path) -> Mapping[str, Lock]:
    """The lock files in ``folder`` by name.

    Raises `SchemaError` where one holds more than pins and digests: uv takes options from such a
    file (an index, "build this one"), and folders and addresses that no digest covers.
    """
    return MappingProxyType({path.name: _read_lock(path) for path in sorted(folder.glob("*.txt"))})


def _read_lock(path: Path) -> Lock:
    data = path.read_bytes()
    text = data.decode("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if not _LOCK_LINE.fullmatch(line):
            what = (
                f"a lock has lines NAME==VERSION and --hash=sha256:DIGEST alone, not {line[:80]!r}"
            )
            raise SchemaError(str(path), number, what)
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return Lock(hashlib.sha256(data).hexdigest(), MappingProxyType(dict(pins)))
