"""What a stack can ask for a part that a host has: the very same first, then ever less. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from stacks.catalog.read import Catalog
from stacks.model.containers import ContainerRequest, EngineOrigin
from stacks.model.containers import Engine as EngineName
from stacks.model.requests import (
    CudaRequest,
    CudnnRequest,
    DriverRequest,
    Flavour,
    Origin,
    TorchRequest,
)
from tasks.host.components import OURS, Cuda, Cudnn, Driver, Engine, Torch

_ORIGINS: dict[str, Origin] = {origin: origin for origin in get_args(Origin)}
_PURPOSES = ("compile", "auto", "runtime")


def drivers(found: Driver | None, os: str, arch: str, catalog: Catalog) -> Iterator[DriverRequest]:
    """Requests for a driver like this one, the nearest first.

    An archive of a distribution has one version of a branch, so only the branch is asked for
    there; NVIDIA's repository keeps older ones. What came from no archive (a ``.run`` file, a
    repository that is not known) becomes the nearest package.

    Args:
        found: The driver; None: the host has none.
        os: The distribution: ``debian-12``.
        arch: ``x86_64``.
        catalog: Knows what is on offer there.
    """
    if found is None:
        yield DriverRequest()
        return
    distribution = catalog.distributions.get(os)
    offers = [row for row in distribution.drivers if arch in row.arches] if distribution else []
    own = _ORIGINS.get(found.origin)
    keeps = {row.origin for row in offers if row.versions}
    origins = sorted({row.origin for row in offers}, key=lambda o: (o != own, o not in keeps, o))
    flavours: tuple[Flavour | None, ...] = (found.flavour, None) if found.flavour else (None,)
    for flavour in flavours:
        for origin in origins:
            if origin in keeps:
                yield DriverRequest(version=found.version, flavour=flavour, origin=origin)
            yield DriverRequest(branch=found.branch, flavour=flavour, origin=origin)
    branch = int(found.branch) if found.branch.isdecimal() else 0
    near = sorted({int(row.branch) for row in offers}, key=lambda b: (b < branch, abs(b - branch)))
    for other in near:
        yield DriverRequest(branch=str(other), flavour=found.flavour)
        yield DriverRequest(branch=str(other))
    yield DriverRequest()


def toolkits(found: Cuda) -> Iterator[CudaRequest]:
    """Requests for a CUDA toolkit like this one."""
    origin = _ORIGINS.get("redist" if found.origin == "files" else found.origin)
    purposes = _PURPOSES if found.compiles else ("runtime", "auto")
    for purpose in purposes:
        whole = CudaRequest(found.version, purpose, origin)  # type: ignore[arg-type]
        yield whole
        if origin is not None:
            yield replace(whole, origin=None)


def cudnns(found: Cudnn) -> Iterator[CudnnRequest]:
    """Requests for a cuDNN like this one: its version, else its series."""
    origins: tuple[Origin | None, ...] = (_ORIGINS.get(found.origin), None)
    if found.origin == OURS:
        origins = ("wheels", "redist", None)
    for version in (found.version, ".".join(found.version.split(".")[:2])):
        for origin in dict.fromkeys(origins):
            yield CudnnRequest(version, origin)


def torches(found: Torch) -> Iterator[TorchRequest]:
    """Requests for a PyTorch like this one; none for one that somebody built."""
    if found.from_source or found.variant == "cpu" or (found.variant or "").startswith("rocm"):
        return
    whole = TorchRequest(found.version, variant=found.variant, python=found.python)
    yield from dict.fromkeys(
        (
            whole,
            replace(whole, python=None),
            replace(whole, variant=None),
            replace(whole, variant=None, python=None),
        )
    )


def containers(engines: tuple[Engine, ...], toolkit: str | None) -> Iterator[ContainerRequest]:
    """Requests for these engines and this toolkit; none where one of the two is not there."""
    known: tuple[EngineName, ...] = tuple(
        name for name in get_args(EngineName) if name in {e.name for e in engines}
    )
    if not known or toolkit is None:
        return
    docker = next((e for e in engines if e.name in ("docker", "containerd")), None)
    origin: EngineOrigin | None = next(
        (o for o in get_args(EngineOrigin) if docker and docker.origin == o), None
    )
    exact = docker.version if docker and docker.name == "docker" and origin == "docker" else None
    whole = ContainerRequest(known, origin, exact, toolkit)
    yield from dict.fromkeys(
        (
            whole,
            replace(whole, toolkit_version=None),
            replace(whole, docker_version=None),
            replace(whole, docker_version=None, toolkit_version=None),
            replace(whole, docker_origin=None, docker_version=None, toolkit_version=None),
        )
    )
