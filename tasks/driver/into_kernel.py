"""A reboot into the kernel that has a module, where the one that runs gets none."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from stacks.model.plan import Plan
from tasks.driver.state import next_boot, reboot_would_do
from tasks.steps import reboot
from tasks.steps.step import Commands, host_state, step


@step
def rebooted(plan: Plan, allowed: bool = False, wait_s: int = 1200) -> Commands:
    """Reboot where the plan leaves the running kernel without a module, and the user allows it.

    Args:
        plan: The host's plan.
        allowed: Whether the host may be rebooted: the GPU is of no use under this kernel.
        wait_s: Seconds until it must be back.
    """
    if plan.driver is None or not allowed or not reboot_would_do(host_state(), plan.driver):
        return
    yield FunctionCommand(_rebooted, (wait_s,), {})


def _rebooted(state: object, host: Host, wait_s: int) -> bool:
    ready = next_boot(host_state())
    if not ready.served:
        logger.error(f"{host.print_prefix}not rebooted: kernel {ready.kernel}: {ready.why}")
        return False
    if problem := reboot.rebooted(host, wait_s):
        logger.error(f"{host.print_prefix}the reboot into kernel {ready.kernel}: {problem}")
        return False
    return True
