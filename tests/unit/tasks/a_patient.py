"""A healthy machine with its driver loaded, for the doctor's tests to make ill."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from facts.engine_model import Node
from facts.evidence_model import Evidence, Login, Smi
from facts.model.driver import ModuleFile
from facts.model.host import HostState
from facts.model.system import PciDevice
from tasks.doctor.tree import Diagnosis, diagnose
from tasks.health.case import Case
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, KERNEL

OLD_KERNEL = "6.1.0-50-cloud-amd64"


@cache
def state() -> HostState:
    """A machine of its own, not a container: its kernel runs, its module is loaded."""
    done = a_host.done()
    return replace(
        done,
        system=replace(done.system, container="", cmdline="quiet"),
        kernels=replace(done.kernels, running=KERNEL, next_boot=KERNEL),
        driver=replace(
            done.driver,
            loaded=DRIVER,
            loaded_flavour="proprietary",
            loaded_modules=("nvidia", "nvidia_uvm"),
        ),
        nouveau=replace(done.nouveau, loaded=False),
        secure_boot=False,
        pci=tuple(replace(d, driver="nvidia") for d in done.pci),
    )


def a_login(env: str) -> Login:
    """An ordinary login with nothing in its way to this environment."""
    torch = f"{env}/lib/python3.11/site-packages/torch/__init__.py"
    return Login(reached=True, prefix=env, torch=torch)


LOGIN = a_login(a_host.done().current_venv or "")
EVIDENCE = Evidence(
    kernel_log=("[    5.1] NVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.309.01",),
    uptime_s=100_000.0,
    initramfs=(),
    nodes=(Node("/dev/nvidia0", 195, 0), Node("/dev/nvidia-uvm", 511, 0)),
    majors={"nvidia": 195, "nvidia-uvm": 511},
    broken=(),
    login=LOGIN,
    smi=Smi(0, ("GPU 0: NVIDIA H100 (UUID: GPU-0)", "GPU 1: NVIDIA H100 (UUID: GPU-1)")),
)


def case(evidence: dict[str, Any] | None = None, **changes: Any) -> Case:
    """The healthy machine with these parts of its state, and of the evidence, replaced."""
    return Case(replace(state(), **changes), replace(EVIDENCE, **(evidence or {})))


def driver(**changes: Any) -> dict[str, Any]:
    """The state's ``driver`` with these fields replaced."""
    return {"driver": replace(state().driver, **changes)}


def kernels(**changes: Any) -> dict[str, Any]:
    """The state's ``kernels`` with the one kernel's fields replaced."""
    one = replace(state().kernels.installed[0], **changes)
    return {"kernels": replace(state().kernels, installed=(one,))}


def manager(**changes: Any) -> dict[str, Any]:
    """The state's ``package_manager`` with these fields replaced."""
    return {"package_manager": replace(state().package_manager, **changes)}


def module(**changes: Any) -> ModuleFile:
    """The kernel's module with these fields replaced."""
    return replace(a_host.module(KERNEL, DRIVER), **changes)


def switch() -> PciDevice:
    """An NVSwitch."""
    return PciDevice("0000:c0:00.0", "22a3", "068000", None, "", None)


def codes(patient: Case) -> list[str]:
    """The codes that the doctor names."""
    return [finding.code for finding in answer(patient).findings]


def answer(patient: Case) -> Diagnosis:
    """The whole answer."""
    return diagnose(patient)
