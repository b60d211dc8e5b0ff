"""Whether a run is going to reboot its host, in words, before it does anything."""

from __future__ import annotations

from facts.gpu_users import GpuUsers
from facts.host_users import HostUsers
from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.driver import reboot_state
from tasks.driver.state import reload_will_do
from tasks.hostdata.repair import Reboot
from tasks.steps.step import fact


def lines(state: HostState, plan: Plan, policy: Reboot) -> list[str]:
    """One line where a reboot is to be made, and what becomes of it; none where none is."""
    if plan.driver is None or state.jetson is not None:
        return []
    why = list(reboot_state.foreseen(state, plan.driver))
    if not why and reload_will_do(state, plan.driver) and fact(GpuUsers):
        why = [f"the module {state.driver.loaded} is loaded and in use"]
    if not why:
        return []
    said = f"({'; '.join(why)})"
    if policy == "never":
        return [f"will end with a reboot to be made {said}; --data reboot=if-needed lets it"]
    if policy == "now":
        return [f"will reboot and go on {said}, whoever uses the host"]
    users: list[str] | None = fact(HostUsers)
    if users:
        who = reboot_state.named(users)
        return [f"needs a reboot {said}, and makes none while it is in use: {who}"]
    return [f"will reboot and go on {said}, if nobody uses the host then"]
