"""Installed and proven are two things. This says which of them a host has, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.host import HostState
from facts.runtime import CudaAnswer, TorchAnswer
from stacks.model.plan import Plan
from tasks.deploy import again
from tasks.driver import reboot_state
from tasks.driver import state as driver_state
from tasks.driver.state import library_version
from tasks.finding import Finding
from tasks.layout import ENVS

JETPACKS = ("/usr/local/cuda-", "/usr/lib/aarch64-linux-gnu/")
"""Where JetPack puts CUDA and cuDNN."""


@dataclass(frozen=True)
class Proof:
    """What a real CUDA call answered."""

    text: str
    """``cuda-call (…)`` or ``none (why)``."""
    findings: tuple[Finding, ...] = ()


def of_cuda_call(state: HostState, plan: Plan, answer: CudaAnswer) -> Proof:
    """Judge the CUDA call.

    "No device" is no fault where there is none: in a host without a GPU on its bus, and in a
    container, which has its host's kernel, cannot load a module, and sees the bus of a machine
    whose GPUs were not given to it. Everywhere else a GPU that does not answer is a fault.
    """
    if answer.works:
        return Proof(answer.sentence)
    # A Jetson's own GPU is on no bus, and is there all the same.
    if not state.gpus and state.jetson is None:
        return Proof(f"none (no real GPU in this host: none on the PCI bus; {answer.sentence})")
    if state.system.container:
        return Proof(
            f"none (no real GPU in this host: {answer.sentence}; a {state.system.container} "
            "container cannot load a driver)"
        )
    if driver_state.waits_for_reboot(state, library_version(state)):
        return Proof(f"none ({answer.sentence}; the new driver waits for a reboot)")
    return Proof(f"none ({answer.sentence})", (_silent_gpu(state, plan, answer),))


def _silent_gpu(state: HostState, plan: Plan, answer: CudaAnswer) -> Finding:
    if state.jetson is not None:
        return Finding(
            "CUDA-FAILS",
            "CRITICAL",
            "a CUDA call on the Jetson's own GPU fails",
            f"{answer.sentence}; library: {answer.library or 'none'}",
            "look at the kernel log: dmesg | grep -i -e nvgpu -e nvidia; a user must be in the "
            "groups video and render",
        )
    if waiting := reboot_state.loads_at_next_boot(state):
        return waiting[0]
    return Finding(
        "CUDA-FAILS",
        "CRITICAL",
        "a GPU is on the bus, but a CUDA call fails",
        f"{answer.sentence}; loaded driver: {state.driver.loaded or 'none'}",
        "look at the kernel log: dmesg | grep -i -e nvrm -e nvidia",
    )


def of_torch(plan: Plan, answer: TorchAnswer, rolled_back: bool) -> tuple[Finding, ...]:
    """Judge the import of torch: its version, and that it loads its own CUDA and cuDNN."""
    assert plan.torch is not None
    if answer.version is None:
        return (
            Finding(
                "TORCH-IMPORT",
                "CRITICAL",
                "torch cannot be imported",
                answer.why or "no reason was given",
                f"remove {answer.venv} and {again(plan)}",
            ),
        )
    found = []
    if not rolled_back and answer.version.split("+")[0] != plan.torch.version:
        found.append(
            Finding(
                "TORCH-VERSION",
                "CRITICAL",
                "torch is not the version of the plan",
                f"found {answer.version}, planned {plan.torch.version}",
                again(plan),
            )
        )
    foreign = [p for p in answer.mapped if _is_its_own(p) and not p.startswith(f"{ENVS}/")]
    if not plan.torch.bundled:  # it has none of its own and loads JetPack's
        foreign = [p for p in foreign if not p.startswith(JETPACKS)]
    if foreign:
        found.append(
            Finding(
                "TORCH-SHADOWED",
                "CRITICAL",
                "torch loads libraries that are not its own",
                ", ".join(foreign),
                "find who sets LD_PRELOAD or LD_LIBRARY_PATH, or a global ld.so.conf entry",
            )
        )
    return tuple(found)


def _is_its_own(path: str) -> bool:
    """Libraries that the wheel brings itself; libcuda comes from the driver."""
    name = path.rsplit("/", 1)[-1]
    return name.startswith(("libcudart", "libcudnn", "libcublas", "libnccl"))
