"""Is the host as the plan says? Pure: state and plan in, findings out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from facts.model import HostState
from stacks.model import Plan
from tasks import (
    cuda,
    cudnn,
    driver,
    driver_reload,
    driver_set,
    fabric_manager,
    holds,
    jetson,
    pytorch,
)
from tasks.layout import env_of

Level = Literal["OK", "WARN", "CRITICAL", "UNKNOWN"]
SEVERITY: dict[Level, int] = {"OK": 0, "WARN": 1, "CRITICAL": 2, "UNKNOWN": 3}
"""The plugin exit codes of nagios."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    code: str
    level: Level
    what: str
    observed: str
    remedy: str
    interrupts: str = "nothing"
    """What the remedy interrupts: ``nothing``, ``programs that use the GPU``, ``the host`` …"""


def worst(findings: tuple[Finding, ...]) -> Level:
    """The level of the whole: CRITICAL over UNKNOWN over WARN over OK."""
    order: tuple[Level, ...] = ("CRITICAL", "UNKNOWN", "WARN")
    levels = {f.level for f in findings}
    return next((level for level in order if level in levels), "OK")


def compare(
    state: HostState, plan: Plan, rollback: int = 0, expected_gpus: int = 0
) -> tuple[Finding, ...]:
    """All differences between the host and its plan that need no program to be run on it.

    Args:
        state: What the probe saw.
        plan: What should be.
        rollback: How many environments the host was sent back.
        expected_gpus: How many GPUs the host's data announce; 0 for nothing.
    """
    found = [
        *_count(state, expected_gpus),
        *_driver(state, plan),
        *_fabric_manager(state, plan),
        *_modules(state, plan),
        *_nouveau(state, plan),
        *_held(state, plan),
        *_toolkits(state, plan),
        *_environment(state, plan, rollback),
        *_jetpack(state, plan),
        *_settings(state),
    ]
    return tuple(found)


def _count(state: HostState, expected: int) -> list[Finding]:
    """A host whose GPUs all come later is being baked; one that has some must have all."""
    there = len(state.gpus)
    if not expected or not there or there >= expected:
        return []
    return [
        Finding(
            "D23",
            "CRITICAL",
            "there are fewer GPUs on the bus than expected",
            f"{there} on the PCI bus, {expected} expected: "
            + ", ".join(d.address for d in state.gpus),
            "look for the missing slot: lspci -nn -d 10de:; power off and on, then hardware",
            "the host",
        )
    ]


def _driver(state: HostState, plan: Plan) -> list[Finding]:
    if plan.driver is None:
        return []
    missing = driver.missing_packages(state, plan.driver)
    if missing:
        return [
            Finding(
                "DRIVER-INCOMPLETE",
                "CRITICAL",
                "parts of the driver are not installed",
                "missing: " + ", ".join(missing),
                "run deploys/gpu_host.py again",
            )
        ]
    old = driver_set.old_set(state, plan.driver)
    if old:
        return [
            Finding(
                "DRIVER-INCOMPLETE",
                "CRITICAL",
                "parts of the driver that goes are still there",
                "still there: " + ", ".join(old),
                "run deploys/gpu_host.py again; it goes on where it stopped",
            )
        ]
    loaded, user = state.driver.loaded, library_version(state)
    if driver_reload.waits_for_reboot(state, user):
        return [
            Finding(
                "REBOOT-NEEDED",
                "WARN",
                "the new driver is in place, the old one is loaded until the next boot",
                f"loaded {loaded}, module and libraries {user}",
                "reboot, or run this again when nothing uses the GPU",
                "the host",
            )
        ]
    if loaded and user and loaded != user:
        return [
            Finding(
                "D14",
                "CRITICAL",
                "the loaded module and the libraries are of two versions",
                f"loaded {loaded}, libraries {user}",
                "reboot, or reload the module while nothing uses the GPU",
                "programs that use the GPU",
            )
        ]
    return []


def _fabric_manager(state: HostState, plan: Plan) -> list[Finding]:
    """It must be of exactly the driver's version: with any other, CUDA answers 802."""
    found, user = fabric_manager.version(state, plan), library_version(state)
    if found is None or user is None or found == user:
        return []
    assert plan.driver is not None
    return [
        Finding(
            "FM-VERSION",
            "CRITICAL",
            "the Fabric Manager is not of the driver's version",
            f"{plan.driver.fabric_manager} {found}, driver {user}",
            "run deploys/gpu_host.py again; it brings both to the plan's version",
            "programs that use the GPU",
        )
    ]


def library_version(state: HostState) -> str | None:
    """Version of libnvidia-ml (or libcuda), from its file name."""
    for soname in ("libnvidia-ml.so.1", "libcuda.so.1"):
        for library in state.driver.libraries:
            if library.soname == soname and library.version:
                return library.version
    return None


def _modules(state: HostState, plan: Plan) -> list[Finding]:
    if plan.driver is None:
        return []
    found = []
    for kernel in driver.unserved_kernels(state, plan):
        next_boot = kernel == state.kernels.next_boot
        found.append(
            Finding(
                "NEXT-BOOT" if next_boot else "D1",
                "CRITICAL" if next_boot else "WARN",
                f"there is no NVIDIA module for kernel {kernel}"
                + (", which boots next" if next_boot else ""),
                f"modules: {', '.join(sorted({m.kernel for m in state.driver.modules})) or 'none'}",
                "run deploys/gpu_host.py again; it builds one",
            )
        )
    user = library_version(state)
    for module in state.driver.modules:
        if module.vermagic and module.vermagic.split()[0] != module.kernel:
            found.append(
                Finding(
                    "D11",
                    "CRITICAL",
                    f"the module for {module.kernel} was built for another kernel",
                    f"vermagic: {module.vermagic.strip()}",
                    f"dkms install --force -k {module.kernel} for the driver's version",
                )
            )
        elif user and module.version and module.version != user:
            found.append(
                Finding(
                    "D15",
                    "CRITICAL",
                    f"the module for {module.kernel} and the libraries are of two versions",
                    f"module {module.version}, libraries {user}",
                    "run deploys/gpu_host.py again",
                )
            )
    return found


def _nouveau(state: HostState, plan: Plan) -> list[Finding]:
    if plan.driver is None or not state.nouveau.loaded:
        return []
    return [
        Finding(
            "D8",
            "WARN",
            "nouveau holds the card until the next boot",
            "the module nouveau is loaded; it is blacklisted now",
            "reboot",
            "the host",
        )
    ]


def _held(state: HostState, plan: Plan) -> list[Finding]:
    free = [
        p.name for p in holds.held_set(state, plan) if p.name not in state.package_manager.holds
    ]
    if not free:
        return []
    return [
        Finding(
            "NOT-HELD",
            "WARN",
            "packages of the set can be moved by an upgrade",
            "not held: " + ", ".join(free[:8]),
            "run deploys/gpu_host.py again",
        )
    ]


def _toolkits(state: HostState, plan: Plan) -> list[Finding]:
    found = []
    if plan.cuda is not None and not cuda.complete(state, plan.cuda):
        found.append(
            Finding(
                "CUDA-INCOMPLETE",
                "CRITICAL",
                f"CUDA {plan.cuda.version} is not there as planned",
                "toolkits: "
                + (", ".join(f"{t.version} at {t.path}" for t in state.cuda) or "none"),
                "run deploys/gpu_host.py again",
            )
        )
    if plan.cudnn is not None and not cudnn.complete(state, plan.cudnn):
        found.append(
            Finding(
                "CUDNN-INCOMPLETE",
                "CRITICAL",
                f"cuDNN {plan.cudnn.version} is not there as planned",
                "found: " + (", ".join(f"{c.version} at {c.path}" for c in state.cudnn) or "none"),
                "run deploys/gpu_host.py again",
            )
        )
    return found


def _environment(state: HostState, plan: Plan, rollback: int) -> list[Finding]:
    if plan.torch is None:
        return []
    target = pytorch.target_env(state, plan, rollback)
    if target is None:
        return [
            Finding(
                "ROLLBACK-NONE",
                "CRITICAL",
                f"there is no environment {rollback} back",
                f"kept: {', '.join(v.path for v in state.venvs) or 'none'}",
                "choose a smaller number, or run without rollback",
            )
        ]
    if state.current_venv != target:
        return [
            Finding(
                "TORCH-LINK",
                "CRITICAL",
                "the stable link leads elsewhere",
                f"it leads to {state.current_venv or 'nothing'}; planned is {target}",
                "run deploys/gpu_host.py again",
            )
        ]
    if target != env_of(plan):
        return [
            Finding(
                "ROLLED-BACK",
                "WARN",
                "the stable link leads to an earlier environment",
                target,
                "run without rollback to return to the plan's own",
            )
        ]
    return []


def _jetpack(state: HostState, plan: Plan) -> list[Finding]:
    lacking = jetson.missing_from_jetpack(state, plan)
    if plan.torch is not None:
        lacking += jetson.missing_needs(state, plan.torch)
    if not lacking:
        return []
    return [
        Finding(
            "JETPACK-INCOMPLETE",
            "CRITICAL",
            "libraries that torch loads are not on this host",
            "missing: " + ", ".join(lacking),
            "apt-get install nvidia-jetpack, then run deploys/jetson_host.py again",
        )
    ]


def _settings(state: HostState) -> list[Finding]:
    # JetPack's own packages name their CUDA and driver to the loader; that is how a Jetson is.
    own = "/etc/ld.so.conf.d/" if state.jetson is not None else "none"
    settings = [s for s in state.settings if not s.file.startswith(own)]
    if not settings:
        return []
    return [
        Finding(
            "STRAY-SETTING",
            "WARN",
            "a global setting changes which libraries every program loads",
            "; ".join(f"{s.file}: {s.text}" for s in settings[:4]),
            "take it out; shells that want CUDA 11.8 load /opt/gpuwright/etc/cuda.sh",
        )
    ]
