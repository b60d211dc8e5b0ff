"""What a host has of the parts that a plan has, wherever they came from. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from facts.handmade_model import Handmade
from facts.model.host import HostState
from facts.model.software import CudaToolkit
from stacks.catalog.read import Catalog
from stacks.model.requests import Flavour
from tasks.driver import state as driver_state
from tasks.driver.main_modules import main_modules
from tasks.host.profile import docker_of, driver_of, toolkit_of
from tasks.packages.installed import upstream

OURS = "gpuwright"
_CUDNN_OURS = re.compile(r"/opt/gpuwright/cudnn/([0-9.]+)-cuda\d+/?")
_SOURCE = re.compile(r"\d[0-9.]*(a|b|dev|\.dev|\+git|\.post)|.*\+git")
_ENGINES = {"podman": "podman", "containerd": "containerd", "containerd.io": "containerd"}


@dataclass(frozen=True)
class Driver:
    """The driver by its libraries, else by its module."""

    version: str
    origin: str
    """``debian``, ``nvidia``, ``ubuntu``, ``runfile``, ``unknown`` …"""
    flavour: Flavour | None

    @property
    def branch(self) -> str:
        """``535``."""
        return self.version.split(".")[0]


@dataclass(frozen=True)
class Cuda:
    """A toolkit."""

    version: str
    """``11.8``."""
    path: str
    origin: str
    """An archive's name, ``runfile``, or ``files``: no package has it."""
    compiles: bool
    """nvcc and a host compiler are there."""


@dataclass(frozen=True)
class Cudnn:
    """A cuDNN outside of Python environments."""

    version: str
    path: str
    origin: str
    """An archive's name, `OURS`, or ``files``."""


@dataclass(frozen=True)
class Torch:
    """A PyTorch."""

    version: str
    """Without its local part: ``2.9.1``."""
    path: str
    kind: str
    """`OURS`, ``conda``, ``venv``, ``user``, ``system``, ``folder``."""
    python: str | None
    variant: str | None
    """``cu128``; ``cpu``; None: its names do not tell."""
    from_source: bool = False
    others: int = 0


@dataclass(frozen=True)
class Engine:
    """A container engine."""

    name: str
    version: str
    origin: str


@dataclass(frozen=True)
class Components:
    """One host's parts."""

    gpus: tuple[str, ...]
    """A key of the catalogue each; ``10de:ffff`` where it knows none."""
    driver: Driver | None
    cuda: tuple[Cuda, ...] = ()
    cudnn: tuple[Cudnn, ...] = ()
    torch: tuple[Torch, ...] = ()
    engines: tuple[Engine, ...] = ()
    toolkit: str | None = None
    nccl: tuple[str, ...] = ()
    """Versions of NCCL libraries of the system."""


def components(state: HostState, catalog: Catalog, handmade: Handmade | None = None) -> Components:
    """The parts of a host.

    Args:
        state: What the probe saw.
        catalog: Knows GPUs and PyTorch's builds.
        handmade: What a further look saw; without it no PyTorch but gpuwright's is known.
    """
    pci = catalog.known.pci
    torch = (*_managed(state, catalog), *_others(handmade or Handmade(), state, catalog))
    return Components(
        gpus=tuple(pci.get(gpu.device, f"10de:{gpu.device}") for gpu in state.gpus),
        driver=_driver(state),
        cuda=tuple(_toolkits(state)),
        cudnn=tuple(_cudnn(state)),
        torch=torch,
        engines=tuple(_engines(state)),
        toolkit=toolkit_of(state),
        nccl=tuple(sorted({one.version for one in state.nccl if one.version})),
    )


def origin_of(state: HostState, *names: str) -> str | None:
    """Archive of the first of these packages that is installed, in lower case; None: none is."""
    for name in names:
        package = state.packages.get(name)
        if package is not None and package.installed:
            return (package.origin or "unknown").lower()
    return None


def _driver(state: HostState) -> Driver | None:
    found = driver_of(state)
    if found is None:
        return None
    # Libraries are what programs load; modules of several kernels may be of several versions.
    version = driver_state.library_version(state) or found.version
    return Driver(version, found.origin, found.flavour or _flavour(state))


def _flavour(state: HostState) -> Flavour | None:
    """By the module's licence, where none is loaded (open modules are "Dual MIT/GPL")."""
    kernel = state.kernels.next_boot or state.kernels.running
    modules = main_modules(state, kernel) or state.driver.modules
    licences = {module.license for module in modules if module.license}
    if len(licences) != 1:
        return None
    return "open" if "GPL" in licences.pop() else "proprietary"


def _toolkits(state: HostState) -> Iterator[Cuda]:
    compilers = any(one.kind in ("g++", "clang++") for one in state.compilers)
    for found in state.cuda:
        if found.version:
            version = ".".join(found.version.split(".")[:2])
            nvcc = bool(found.nvcc and compilers)
            yield Cuda(version, found.path, _cuda_origin(state, found, version), nvcc)


def _cuda_origin(state: HostState, found: CudaToolkit, version: str) -> str:
    if found.runfile:
        return "runfile"
    if found.path.startswith(("/usr/lib/cuda", "/usr/lib/nvidia-cuda-toolkit")):
        return origin_of(state, "nvidia-cuda-toolkit", "libcudart11.0") or "files"
    dashed = version.replace(".", "-")
    names = ("cuda-cudart", "cuda-nvcc", "cuda-toolkit", "cuda-compiler", "cuda-libraries", "cuda")
    return origin_of(state, *(f"{name}-{dashed}" for name in names)) or "files"


def _cudnn(state: HostState) -> Iterator[Cudnn]:
    for found in state.cudnn:
        if ours := _CUDNN_OURS.fullmatch(found.path):
            yield Cudnn(ours[1], found.path, OURS)
            continue
        package = None
        if found.path == "/usr":
            package = next(
                (
                    p
                    for name, p in sorted(state.packages.items())
                    if p.installed and re.fullmatch(r"libcudnn\d+(-cuda-\d+)?", name)
                ),
                None,
            )
        if package is not None:
            version = upstream(package.version)
            yield Cudnn(version, found.path, (package.origin or "unknown").lower())
        elif found.version:
            yield Cudnn(found.version, found.path, "files")


def _managed(state: HostState, catalog: Catalog) -> Iterator[Torch]:
    for venv in state.venvs:
        if venv.path == state.current_venv and venv.complete and "torch" in venv.packages:
            said = venv.packages["torch"]
            version = said.split("+")[0]
            python = ".".join(venv.python.split(".")[:2]) if venv.python else None
            built = variant(said, venv.packages, None, catalog, state.system.arch)
            yield Torch(version, venv.path, OURS, python, built)


def _others(handmade: Handmade, state: HostState, catalog: Catalog) -> Iterator[Torch]:
    for one in handmade.pytorch:
        built = variant(one.version, one.packages, one.build, catalog, state.system.arch)
        yield Torch(
            one.version.split("+")[0],
            one.path,
            one.kind,
            one.python,
            built,
            from_source=_SOURCE.match(one.version) is not None,
            others=one.others,
        )


def variant(
    said: str,
    packages: Mapping[str, str],
    build: str | None,
    catalog: Catalog,
    arch: str,
) -> str | None:
    """Which of PyTorch's builds it is; None where nothing tells.

    Args:
        said: Its version, with the local part (``2.9.1+cu126``) or without.
        packages: The environment's packages: NVIDIA's own say with which CUDA it was built.
        build: Conda's build of it: ``py3.11_cuda12.4_cudnn9.1.0_0``.
        catalog: Knows the builds, and which of them the package index has.
        arch: ``x86_64``.
    """
    local = said.partition("+")[2]
    if re.fullmatch(r"cu\d{2,4}|cpu|rocm[0-9.]+", local):
        return local
    if build is not None:
        cuda = re.search(r"cuda(\d+)\.(\d+)", build)
        return f"cu{cuda[1]}{cuda[2]}" if cuda else "cpu" if "cpu" in build else None
    version = said.partition("+")[0]
    release = catalog.pytorch.releases.get(".".join(version.split(".")[:2]))
    if release is None or local:
        return None
    for name, built in release.variants.items():
        pins = {key: value for key, value in built.pins.items() if key in packages}
        if pins and all(packages[key] == value for key, value in pins.items()):
            return name
    if any(name.startswith("nvidia-") for name in packages):
        return None
    return release.default_index.get(arch)


def with_containerd(state: HostState, seen: Components) -> Components:
    """The parts with containerd as an engine of its own: where it knows NVIDIA's runtime."""
    known = {engine.name for engine in seen.engines}
    more = (e for e in _packaged(state) if e.name == "containerd" and e.name not in known)
    return replace(seen, engines=(*seen.engines, *more))


def _engines(state: HostState) -> Iterator[Engine]:
    docker = docker_of(state)
    if docker is not None:
        yield Engine("docker", docker.version, docker.origin)
    # Docker brings containerd along; unasked it counts only where Docker is not here.
    yield from (e for e in _packaged(state) if not (docker and e.name == "containerd"))


def _packaged(state: HostState) -> Iterator[Engine]:
    for name, engine in _ENGINES.items():
        package = state.packages.get(name)
        if package and package.installed:
            origin = "docker" if name == "containerd.io" else "distribution"
            yield Engine(engine, upstream(package.version).split("~")[0], origin)
