"""A Debian 12 host with two H100 that somebody made by hand, part by part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facts.handmade_model import Handmade, Kind, PyTorch
from facts.model.host import HostState
from facts.model.settings import SettingLine
from facts.model.software import Compiler, CudaToolkit, Cudnn
from stacks.model.host import HostProfile
from tasks.adopt.bare import bare
from tasks.host import resolution
from tests.unit.tasks import a_host

NVCC = "/usr/local/cuda-{0}/bin/nvcc"


def with_driver(version: str, origin: str, flavour: str = "proprietary", **more: Any) -> HostState:
    """The host with a driver of this version; ``more`` are further fields of its facts."""
    state = a_host.bare()
    if origin not in ("runfile", "unknown"):
        package = replace(a_host.package("libcuda1", f"{version}-1"), origin=origin)
        state = a_host.with_packages(state, package)
    if origin == "runfile":
        more["runfile"] = "/usr/bin/nvidia-uninstall"
    licence = "Dual MIT/GPL" if flavour == "open" else "NVIDIA"
    return replace(
        state,
        driver=replace(
            state.driver,
            loaded=version,
            modules=(replace(a_host.module(a_host.KERNEL, version), license=licence),),
            libraries=(a_host.library("libnvidia-ml.so.1", version),),
            **more,
        ),
    )


def with_cuda(state: HostState, *versions: str, runfile: bool = False) -> HostState:
    """The host with toolkits below ``/usr/local`` and a compiler."""
    toolkits = (
        CudaToolkit(f"/usr/local/cuda-{v}", f"{v}.1", NVCC.format(v), f"V{v}.89", runfile)
        for v in versions
    )
    return replace(
        state,
        cuda=(*state.cuda, *toolkits),
        compilers=(Compiler("/usr/bin/g++-11", "g++", "11.3.0"),),
    )


def with_cudnn(state: HostState, version: str, path: str) -> HostState:
    """The host with a cuDNN at this place."""
    return replace(state, cudnn=(*state.cudnn, Cudnn(path, version, ())))


def pytorch(version: str, kind: Kind = "venv", python: str | None = "3.11", **more: Any) -> PyTorch:
    """A PyTorch of this version."""
    packages = {"torch": version, **more.pop("packages", {})}
    return PyTorch(more.pop("path", f"/opt/{kind}"), kind, version, python, packages, **more)


def handmade(*found: PyTorch, nccl: tuple[str, ...] = ()) -> Handmade:
    """What a further look brings."""
    lines = (SettingLine("/etc/nccl.conf", n, text) for n, text in enumerate(nccl, 1))
    return Handmade(found, tuple(lines))


def profile(state: HostState) -> HostProfile:
    """The host as the resolver would know it if it were bare."""
    return resolution.question(bare(state), {})[1]
