"""Whether only a reboot brings the driver into the kernel. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plain import one_line
from stacks.model.plan import DriverPlan
from tasks.driver import signing_state
from tasks.driver.state import bootable, next_boot
from tasks.finding import Finding

REMEDY = (
    "reboot; a run does it with --data reboot=if-needed while nobody uses the host's GPUs, with "
    "--data reboot=now even then"
)
"""What helps where nothing but a reboot does."""
_TOLD = 8
"""Users of a host that are named at most."""


def named(users: list[str]) -> str:
    """Those who use the host, each as `facts.host_users.HostUsers` tells of it, in one line."""
    more = f" and {len(users) - _TOLD} more" if len(users) > _TOLD else ""
    return one_line("; ".join(users[:_TOLD]) + more)


def loads_at_next_boot(state: HostState) -> tuple[Finding, ...]:
    """REBOOT-NEEDED where no module can be loaded before: no file for this kernel, or nouveau."""
    running = state.kernels.running
    served = {m.kernel for m in state.driver.modules}
    waits = running not in served or state.nouveau.loaded
    if not state.gpus or state.system.container or state.driver.loaded or not waits:
        return ()
    return (
        Finding(
            "REBOOT-NEEDED",
            "WARN",
            "the driver is installed and loads at the next boot",
            f"running {running}; modules for {', '.join(sorted(served)) or 'no kernel'}"
            + ("; nouveau is loaded" if state.nouveau.loaded else ""),
            REMEDY,
            "the host",
        ),
    )


def foreseen(state: HostState, driver: DriverPlan) -> tuple[str, ...]:
    """Why a run that brings this driver will end with a reboot to make, before it has begun.

    What a reload may save is not among them: whether the GPU is free is seen then.
    """
    running, comes = state.kernels.running, driver.kernels.comes
    if state.system.container or signing_state.waits(state):
        return ()
    to_come = bool(comes) and comes not in bootable(state)
    why = []
    if running in driver.kernels.left and (to_come or next_boot(state).served):
        why.append(f"kernel {running}, which runs, gets no NVIDIA module")
    elif state.gpus and not state.driver.loaded and running not in bootable(state):
        why.append(f"kernel {running}, which runs, is no longer installed")
    if state.gpus and state.nouveau.loaded:
        why.append("nouveau is loaded")
    return tuple(why)
