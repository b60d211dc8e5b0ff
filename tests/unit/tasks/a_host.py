"""A bare Debian 12 host with two H100, as its probe once answered, and the same host when done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from facts.model.driver import Library, ModuleFile
from facts.model.host import HostState
from facts.model.packages import AptSource, Package
from facts.model.software import Cudnn, Venv
from facts.model.system import Mount
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, Plan, TorchPlan
from tasks.host import resolution
from tasks.python.state import env_of
from tests.unit.facts import golden_hosts

KERNEL = "6.1.0-56-cloud-amd64"
"""The only kernel that the bare host can boot; a container, it runs another one."""
DRIVER = "535.309.01"


def bare() -> HostState:
    """The host before its first run."""
    return golden_hosts.state("debian-12-plain-2xh100.txt")


@cache
def plan(stack: str = "pytorch-2.9") -> Plan:
    """What is planned for the bare host, with Debian's own driver."""
    found = resolution.resolved(bare(), {"stack": stack, "driver_origin": "debian"}).plan
    assert found is not None
    return found


def parts() -> tuple[DriverPlan, CudaPlan, CudnnPlan, TorchPlan]:
    """The plan's four parts."""
    whole = plan()
    assert whole.driver and whole.cuda and whole.cudnn and whole.torch
    return whole.driver, whole.cuda, whole.cudnn, whole.torch


def package(name: str, version: str = f"{DRIVER}-1~deb12u1", status: str = "ii") -> Package:
    """A package of the distribution."""
    return Package(name, version, status, "Debian")


def with_packages(state: HostState, *packages: Package) -> HostState:
    """The host with these packages too, in place of others of their names."""
    return replace(state, packages={**state.packages, **{p.name: p for p in packages}})


def with_sources(*sources: AptSource) -> HostState:
    """The bare host with these archives and no others."""
    return replace(bare(), package_manager=replace(bare().package_manager, sources=sources))


def source(suites: str, components: str, **more: Any) -> AptSource:
    """An archive of the distribution, from words separated by blanks."""
    said: dict[str, Any] = {
        "file": "/etc/apt/sources.list",
        "uris": ("http://archive.example.org/debian",),
        "signed_by": None,
    }
    return AptSource(
        suites=tuple(suites.split()), components=tuple(components.split()), **{**said, **more}
    )


def with_mounts(state: HostState, mounts: Mapping[str, tuple[str, int]]) -> HostState:
    """The host with these file systems: path to device and free MiB."""
    return replace(
        state,
        mounts={
            path: Mount(path, device, free, 2 * free, None)
            for path, (device, free) in mounts.items()
        },
    )


@cache
def done() -> HostState:
    """The host after a run that ended well; no driver is loaded, for it is a container."""
    driver, cuda, cudnn, _ = parts()
    state = bare()
    names = (*driver.packages, *driver.headers, *cuda.packages, *cuda.compiler_packages)
    state = with_packages(state, *(package(name) for name in names))
    kernels = tuple(replace(k, headers=True) for k in state.kernels.installed)
    held = tuple(n for n in names if n in (*driver.held, *cuda.held))
    env = env_of(plan())
    return replace(
        state,
        kernels=replace(state.kernels, installed=kernels),
        driver=replace(
            state.driver,
            modules=(module(KERNEL, DRIVER),),
            libraries=(library("libnvidia-ml.so.1", DRIVER), library("libcuda.so.1", DRIVER)),
        ),
        package_manager=replace(state.package_manager, holds=held),
        cudnn=(Cudnn(cudnn.prefix, "8.9.6", ()),),
        cudnn_link=cudnn.prefix,
        venvs=(Venv(env, True, "3.11", {"torch": "2.9.1"}),),
        current_venv=env,
        record={"environments": [env]},
    )


def module(kernel: str, version: str, built_for: str | None = None) -> ModuleFile:
    """The driver's module under one kernel's folder."""
    path = f"/lib/modules/{kernel}/updates/dkms/nvidia-current.ko"
    vermagic = f"{built_for or kernel} SMP preempt mod_unload modversions "
    return ModuleFile(kernel, path, "nvidia_current", version, vermagic, "NVIDIA", None)


def library(soname: str, version: str) -> Library:
    """One of the driver's libraries."""
    return Library(soname, f"/usr/lib/x86_64-linux-gnu/{soname[:-2]}.{version}", version)
