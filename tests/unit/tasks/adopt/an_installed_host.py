"""A host as it is once its plan was carried out, and one with a hand-made set of parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facts.model.boot import Kernels
from facts.model.driver import ModuleFile
from facts.model.host import HostState
from facts.model.packages import Package
from facts.model.software import Compiler, CudaToolkit, Cudnn, Python, Venv
from facts.model.system import PciDevice
from stacks.model.host import HostProfile
from stacks.model.plan import Plan
from tasks.python.state import env_of
from tests.unit.stacks.hosts import CATALOG
from tests.unit.tasks import a_host


def bare(profile: HostProfile) -> HostState:
    """The host of a question to the resolver, as a probe would have seen it."""
    state = a_host.bare()
    kernel = profile.kernel_next_boot or next(iter(profile.kernels), None)
    return replace(
        state,
        system=replace(
            state.system,
            os=profile.os,
            arch=profile.arch,
            codename=None,
            base_codename=None,
            like=(),
            glibc=profile.glibc,
            container="",
        ),
        pci=tuple(
            PciDevice(f"0000:{number:02x}:00.0", _pci(gpu.model), "030200", None, "", None)
            for number, gpu in enumerate(profile.gpus, 1)
        )
        + ((PciDevice("0000:c0:00.0", "22a3", "068000", None, "", None),) * profile.nvswitch),
        kernels=Kernels(profile.kernel_running or kernel or "", (), kernel, "newest installed"),
        package_manager=replace(
            state.package_manager,
            kind="dnf" if CATALOG.distributions[profile.os].family == "dnf" else "apt",
            sources=(),
        ),
        secure_boot=profile.secure_boot,
        pythons=tuple(
            Python(f"/usr/bin/python{minor}", f"{minor}.1") for minor in profile.pythons or ()
        ),
        pip_index=None,
    )


def installed(profile: HostProfile, plan: Plan) -> HostState:
    """The same host with all that the plan brings."""
    state = bare(profile)
    for part, origin in _parts(plan):
        state = a_host.with_packages(
            state,
            *(
                Package(name, _version(part, name), "ii", _LABELS.get(origin, origin))
                for name in part.packages
            ),
        )
    if plan.driver:
        state = _with_driver(state, plan.driver.version, plan.driver.flavour)
    if plan.cuda:
        nvcc = f"{plan.cuda.prefix}/bin/nvcc" if plan.cuda.purpose == "compile" else None
        toolkit = CudaToolkit(plan.cuda.prefix, f"{plan.cuda.version}.0", nvcc, plan.cuda.release)
        compilers = (Compiler(plan.cuda.host_compiler, "g++", "11.3.0"),) if nvcc else ()
        state = replace(state, cuda=(toolkit,), compilers=compilers)
    if plan.cudnn:
        three = ".".join(plan.cudnn.version.split(".")[:3])
        state = replace(state, cudnn=(Cudnn(plan.cudnn.prefix, three, ()),))
    if plan.torch:
        pins = _pins(plan)
        packages = {"torch": plan.torch.version, **pins}
        env = env_of(plan)
        venv = Venv(env, True, f"{plan.torch.python}.1", packages)
        state = replace(state, venvs=(venv,), current_venv=env)
    return state


def _with_driver(state: HostState, version: str, flavour: str) -> HostState:
    licence = "Dual MIT/GPL" if flavour == "open" else "NVIDIA"
    kernel = state.kernels.next_boot or "6.1.0-1-amd64"
    path = f"/lib/modules/{kernel}/updates/dkms/nvidia.ko"
    module = ModuleFile(kernel, path, "nvidia", version, f"{kernel} SMP", licence, None)
    libraries = (a_host.library("libnvidia-ml.so.1", version),)
    return replace(
        state, driver=replace(state.driver, loaded="", modules=(module,), libraries=libraries)
    )


def _parts(plan: Plan) -> list[tuple[Any, str]]:
    parts: list[tuple[Any, str]] = [
        (part, part.origin) for part in (plan.driver, plan.cuda, plan.cudnn) if part
    ]
    if plan.containers:
        # Docker's own brings containerd along, which counts where it is an engine of its own.
        engines = sorted(plan.containers.engines, key=lambda engine: engine.engine == "containerd")
        parts += [(engine, engine.origin) for engine in engines]
        parts.append((plan.containers.toolkit, "nvidia"))
    return parts


_LABELS = {"debian": "Debian", "ubuntu": "Ubuntu", "nvidia": "NVIDIA", "distribution": "Debian"}


def _version(part: Any, name: str) -> str:
    said = part.versions.get(name)
    if said:
        return str(said).replace("*", "1")
    return f"{part.version}-1"


def _pins(plan: Plan) -> dict[str, str]:
    assert plan.torch is not None
    release = CATALOG.pytorch.releases[".".join(plan.torch.version.split(".")[:2])]
    return dict(release.variants[plan.torch.variant].pins)


def _pci(model: str | None) -> str:
    known = CATALOG.known.models.get(model or "")
    return known.pci[0] if known else "ffff"
